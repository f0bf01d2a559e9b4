"""Receive the body of a request within its limits: size, rate, memory of all bodies together."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from runners.callers import current_caller
from runners.errors import Overloaded, PayloadTooLarge, RequestTimeout, SamoError
from samo import limits
from samo.settings import Settings

# A client that is still sending cannot read an error, so the rest of its body is drained, for at
# most this long. Afterwards the connection is closed, and the client may get a reset instead.
DRAIN_SECONDS: Final = 5.0
# The same while the server shuts down; shorter than `server.REFUSAL_SECONDS`, at the end of which
# all connections are closed.
SHUTDOWN_DRAIN_SECONDS: Final = 0.2
# Uploads either end or stall within seconds.
_RETRY_AFTER_SECONDS: Final = 5
_MAX_LENGTH_DIGITS: Final = 19


class ClientDisconnected(Exception):
    """The client closed the connection before the end of its body."""


class BodyRefused(Exception):
    """The body exceeds a limit; the response is `error`."""

    def __init__(self, error: SamoError) -> None:
        super().__init__()
        self.error = error


class UploadMemoryBudget:
    """Counts the bytes of all bodies that are in memory now.

    A caller may use three quarters of it, so that others find room.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._limit_of_a_caller = max(limits.MAX_FORM_BYTES, limit * 3 // 4)
        self._used_by = Counter[str]()

    def add(self, caller: str, size: int) -> None:
        """Count `size` more bytes, or fewer if it is negative."""
        self.used += size
        self._used_by[caller] += size
        if self._used_by[caller] <= 0:
            del self._used_by[caller]

    def has_room_for(self, caller: str, size: int) -> bool:
        """Whether another `size` bytes stay within the limits."""
        return (
            self.used + size <= self.limit
            and self._used_by[caller] + size <= self._limit_of_a_caller
        )


class IncomingBody:
    """The body of one request, received part by part.

    Args:
        receive: ASGI's `receive` of the request.
        path: Path of the request; it decides on the size limit.
        headers: Headers of the request.
        memory: The budget that all bodies share.
        settings: The limits of the rate.
    """

    def __init__(
        self,
        receive: Receive,
        path: str,
        headers: Headers,
        memory: UploadMemoryBudget,
        settings: Settings,
    ) -> None:
        self.complete = False
        self.received_bytes = 0
        self._receive = receive
        self._is_job = limits.normalize_path(path) == limits.JOBS_PATH
        self._limit = limits.max_body_bytes(path)
        if self._is_job:
            self._limit = settings.max_job_bytes + limits.FORM_OVERHEAD_BYTES
        self._declared_bytes = _declared_bytes(headers)
        self._is_sent = _is_sent(headers)
        self._memory = memory
        self._caller = ""
        self._held_bytes = 0
        self._max_pause_seconds = settings.upload_stall_seconds
        self._min_bytes_per_second = settings.min_upload_bytes_per_second
        self._stall_deadline = asyncio.get_running_loop().time() + self._max_pause_seconds

    def check_declared(self) -> None:
        """Raise `BodyRefused` if the declared length exceeds a limit; nothing is read for that."""
        self._check(self._declared_bytes, remaining=self._declared_bytes)

    async def receive(self) -> Message:
        """The next part. After the last one, wait until the client disconnects.

        Raises:
            BodyRefused: The body is too large or too slow.
            ClientDisconnected: The client disconnected before the end of the body.
        """
        if self.complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._stall_deadline):
                message = await self._receive()
        except TimeoutError:
            raise BodyRefused(
                RequestTimeout(
                    "The body stopped arriving: send at least "
                    f"{self._min_bytes_per_second} bytes per second, without a pause of "
                    f"{self._max_pause_seconds:g} s."
                )
            ) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        self._count(len(message.get("body", b"")))
        self.complete = not message.get("more_body", False)
        self._check(self.received_bytes, remaining=0)
        return message

    def release(self) -> None:
        """Return the bytes to the memory budget."""
        self._memory.add(self._caller, -self._held_bytes)
        self._held_bytes = 0

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Read and discard the rest of the body, for at most `seconds`.

        Call it before an error is sent: a client that is still sending cannot read the response.
        """
        self.release()
        if not self._is_sent:
            return
        try:
            async with asyncio.timeout(seconds):
                while not self.complete:
                    message = await self._receive()
                    self.received_bytes += len(message.get("body", b""))
                    self.complete = not message.get("more_body", False)
        except TimeoutError:
            return

    def _count(self, size: int) -> None:
        self.received_bytes += size
        if not self._held_bytes:
            self._caller = current_caller()  # known since the headers were checked
        # a larger recording of a job is in a file
        held = min(self.received_bytes, limits.MAX_FORM_BYTES)
        self._memory.add(self._caller, held - self._held_bytes)
        self._held_bytes = held
        # Each byte extends the deadline, up to the maximum pause, so that a burst followed by a
        # slow trickle still times out.
        now = asyncio.get_running_loop().time()
        self._stall_deadline = min(
            now + self._max_pause_seconds, self._stall_deadline + size / self._min_bytes_per_second
        )

    def _check(self, size: int, *, remaining: int) -> None:
        """Refuse a body of `size` bytes, of which `remaining` have not arrived."""
        takes_uploads = self._is_job or self._limit > limits.MAX_AUDIO_BYTES
        if size > self._limit:
            raise BodyRefused(_too_large(self._limit, takes_uploads=takes_uploads))
        # the number of connections bounds the memory of small bodies
        in_memory = min(remaining, limits.MAX_FORM_BYTES)
        if takes_uploads and not self._memory.has_room_for(self._caller, in_memory):
            raise BodyRefused(
                Overloaded(
                    "Too many uploads are arriving: try again after the time in Retry-After.",
                    retry_after_seconds=_RETRY_AFTER_SECONDS,
                )
            )


def _declared_bytes(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) <= _MAX_LENGTH_DIGITS else 0


def _is_sent(headers: Headers) -> bool:
    """Whether the client sends a body now; one that waits for "100 Continue" does not."""
    if headers.get("expect", "").lower() == "100-continue":
        return False
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _too_large(limit: int, *, takes_uploads: bool) -> PayloadTooLarge:
    if takes_uploads:
        limit -= limits.FORM_OVERHEAD_BYTES
        message = (
            f"The body is too large: a recording may have {limit} bytes. Compress it, or send it "
            "in parts."
        )
        if limit == limits.MAX_AUDIO_BYTES:
            message += " POST /v1/jobs takes larger ones."
    else:
        message = (
            f"The body is too large: this path takes at most {limit} bytes. Send less text, or "
            "several requests."
        )
    return PayloadTooLarge(message, limit_bytes=limit)
