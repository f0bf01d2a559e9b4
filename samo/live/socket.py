"""What a session needs of its connection, and how long it may last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Socket(Protocol):
    """The connection."""

    async def receive(self) -> str | bytes | None:
        """The next message; None when the client has disconnected."""
        ...

    async def send(self, message: str) -> None:
        """Send a message. Raises ConnectionError when the client has disconnected."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close the connection."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session may last, in seconds."""

    session_seconds: float
    idle_seconds: float
    """Without any message of the client."""
