"""The protocol of decoders."""

from __future__ import annotations

from typing import Protocol

from samo.audio.types import Audio


class Decoder(Protocol):
    """Decodes uploads, a few at a time."""

    def start(self) -> None:
        """Start what takes time; does not wait for it."""
        ...

    def wait_until_started(self) -> None:
        """Wait for what `start` began.

        Raises:
            StartError: It failed.
        """
        ...

    async def decode(self, data: bytes) -> Audio:
        """Decode an upload; if the caller is cancelled, decoding stops.

        Raises:
            SamoError: As `samo.audio.decode`; or the upload exceeds a limit of the process.
        """
        ...

    def close(self) -> None:
        """Stop all decoding."""
        ...
