"""Receives the body of a request within its limits: size, pace, memory of all bodies together."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import Message, Receive

from runners.errors import Overloaded, PayloadTooLarge, RequestTimeout, SamoError
from samo import limits
from samo.settings import Settings

# A client that is still sending cannot read a refusal, so the rest of its body is read and dropped
# for at most this long.
DRAIN_SECONDS: Final = 5.0
# At the server's end: what has not been answered within server.REFUSAL_SECONDS is cut off.
LAST_DRAIN_SECONDS: Final = 0.2
# Uploads end within seconds, or are stopped because they stall.
_RETRY_AFTER_SECONDS: Final = 5


class ClientLeft(Exception):
    """The client closed the connection in the middle of its body."""


class BodyRefused(Exception):
    """The body breaks a limit: `error` is the answer."""

    def __init__(self, error: SamoError) -> None:
        super().__init__()
        self.error = error


class UploadMemory:
    """Counts the bytes of all bodies that are held in memory now."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def has_room_for(self, size: int) -> bool:
        """Whether another `size` bytes stay within the limit."""
        return self.used + size <= self.limit


class Body:
    """The body of one request, as it arrives at `path`."""

    def __init__(
        self, receive: Receive, path: str, declared: str, memory: UploadMemory, settings: Settings
    ) -> None:
        self.complete = False
        self._receive = receive
        self._limit = limits.max_body_bytes(path)
        self._declared = int(declared) if declared.isdecimal() and len(declared) < 20 else 0
        self._memory = memory
        self._held = 0
        self._stall_seconds = settings.upload_stall_seconds
        self._rate = settings.min_upload_bytes_per_second
        self._patience = asyncio.get_running_loop().time() + self._stall_seconds

    def check_declared(self) -> None:
        """Raise `BodyRefused` where the declared length breaks a limit: nothing was read yet."""
        self._check(self._declared, self._declared)

    async def receive(self) -> Message:
        """The next part; raises `BodyRefused` or `ClientLeft`. Once complete, waits for the end."""
        if self.complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._patience):
                message = await self._receive()
        except TimeoutError:
            raise BodyRefused(
                RequestTimeout(
                    f"The body stopped arriving: send at least {self._rate} bytes per second, "
                    f"without a pause of {self._stall_seconds:g} s."
                )
            ) from None
        if message["type"] == "http.disconnect":
            raise ClientLeft
        self._count(len(message.get("body", b"")))
        self.complete = not message.get("more_body", False)
        self._check(self._held, 0)
        return message

    def release(self) -> None:
        """Count the bytes as no longer held."""
        self._memory.used -= self._held
        self._held = 0

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Read the rest and drop it, so that a client that is still sending reads the answer."""
        self.release()
        try:
            async with asyncio.timeout(seconds):
                while not self.complete:
                    self.complete = not (await self._receive()).get("more_body", False)
        except TimeoutError:
            return

    def _count(self, size: int) -> None:
        self._memory.used += size
        self._held += size
        # each byte buys time, up to the longest pause: fast at first and slow then is a pause too
        now = asyncio.get_running_loop().time()
        self._patience = min(now + self._stall_seconds, self._patience + size / self._rate)

    def _check(self, size: int, further: int) -> None:
        """Refuse a body of `size` bytes, of which `further` are still to come."""
        takes_uploads = self._limit > limits.MAX_AUDIO_BYTES
        if size > self._limit:
            raise BodyRefused(_too_large(limits.MAX_AUDIO_BYTES if takes_uploads else self._limit))
        # small bodies are bounded by the number of connections
        if takes_uploads and not self._memory.has_room_for(further):
            raise BodyRefused(
                Overloaded(
                    "Too many uploads arrive at the moment: try again after the time in "
                    "Retry-After.",
                    retry_after_seconds=_RETRY_AFTER_SECONDS,
                )
            )


def _too_large(limit: int) -> PayloadTooLarge:
    if limit == limits.MAX_AUDIO_BYTES:
        message = (
            f"The body is too large: a recording may have {limit} bytes. Compress it, or send it "
            "in parts."
        )
    else:
        message = (
            f"The body is too large: at most {limit} bytes are read here. Send less text, or "
            "several requests."
        )
    return PayloadTooLarge(message, limit_bytes=limit)
