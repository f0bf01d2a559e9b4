"""Decode each upload in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Final

import numpy as np

from runners.errors import Overloaded, SamoError, StartError, UndecodableAudio
from runners.fairness import FairSlots
from runners.usage import report
from samo.audio.types import Audio
from samo.decoders import messages
from samo.decoders.environment import decoder_environment
from samo.decoders.messages import REQUEST, RESPONSE, STATUS, TAG

_log = logging.getLogger("bentoml.samo.decoders")  # below BentoML's logger, which has a handler

MAX_DECODE_SECONDS: Final = 90.0
"""Of wall time, three times the CPU time that the process may use: the cores may be busy."""
START_SECONDS: Final = 60.0
_SEND_SECONDS: Final = 1.0
_RETRY_AFTER_SECONDS: Final = 5
# What a process needs of the service's environment: no secrets.


class _ProcessEnded(Exception):
    """The decoder process ended without a response.

    Attributes:
        status: its exit status, negative for a signal; None if the template has ended, too.
    """

    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


class IsolatedDecoder:
    """Decodes uploads in processes that `template` forks.

    Args:
        concurrency: the number of uploads that are decoded at the same time.
        decode_seconds: a process that takes longer is killed.
    """

    def __init__(self, concurrency: int, decode_seconds: float = MAX_DECODE_SECONDS) -> None:
        self._slots = FairSlots(concurrency)
        self._decode_seconds = decode_seconds
        self._template: _Template | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the template; it is usable at once, and its start takes a fifth of a second."""
        self._running_template()

    def wait_until_started(self) -> None:
        """Wait until the template has imported everything. Raises `StartError` if it cannot."""
        self._running_template().wait_until_ready()

    async def decode(self, data: bytes) -> Audio:
        """Decode an upload; if the caller is cancelled, the process is killed.

        Raises:
            UndecodableAudio: As `samo.audio.decode`; also for an upload that makes ffmpeg crash,
                or that takes too much CPU time or memory.
            UnsupportedAudio: As `samo.audio.decode`.
            AudioTooLong: As `samo.audio.decode`.
            Overloaded: The process was killed from outside, or did not end in time.
        """
        async with self._slots.slot(len(data)):
            return await self._decode(data)

    def close(self) -> None:
        """Stop the template, which kills the decoder processes."""
        with self._lock:
            if self._template is not None:
                self._template.close()
                self._template = None

    async def _decode(self, data: bytes) -> Audio:
        try:
            return await self._decode_once(data)
        except _ProcessEnded as ended:
            if ended.status is not None:
                raise _error_of(ended.status) from None
        # The template is gone, which says nothing about this upload: try it with another one.
        try:
            return await self._decode_once(data)
        except _ProcessEnded as ended:
            raise _error_of(ended.status) from None

    async def _decode_once(self, data: bytes) -> Audio:
        job, remote = socket.socketpair()
        # Closing our end tells the template to kill the process.
        with job:
            job.setblocking(False)
            with remote:
                self._running_template().fork(remote)
            start = time.perf_counter()
            try:
                async with asyncio.timeout(self._decode_seconds):
                    return await _exchange(job, data)
            except asyncio.CancelledError:
                report(time.perf_counter() - start)
                raise
            except TimeoutError:
                report(self._decode_seconds)
                _log.error("a decoder process was killed after %g s", self._decode_seconds)
                raise _not_decoded_in_time() from None
            except messages.DecoderFailure as failure:
                _log.error("decoding failed: %s", failure.args[0])
                raise _crashed() from None
            except messages.InvalidResponse:
                _log.error("a decoder process sent an invalid response")
                raise _crashed() from None

    def _running_template(self) -> _Template:
        with self._lock:
            if self._template is not None and not self._template.is_running():
                _log.error(
                    "the template of the decoder processes ended (%s): starting another one",
                    self._template.status,
                )
                self._template.close()
                self._template = None
            if self._template is None:
                self._template = _Template()
            return self._template


class _Template:
    """The template process (`samo.decoders.template`)."""

    def __init__(self) -> None:
        self._control, remote = socket.socketpair()
        self._is_ready = False
        with remote:
            self._process = subprocess.Popen(  # noqa: S603  # this Python and our module
                [sys.executable, "-P", "-m", "samo.decoders.template", str(remote.fileno())],
                pass_fds=[remote.fileno()],
                stdin=subprocess.DEVNULL,
                env=decoder_environment(),
                start_new_session=True,  # Ctrl-C is for the service, which closes the template
            )

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def is_running(self) -> bool:
        """Whether it can fork."""
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait for its start. Raises `StartError`."""
        if self._is_ready:
            return
        self._control.settimeout(START_SECONDS)
        with contextlib.suppress(OSError):
            self._is_ready = bool(self._control.recv(1))
        self._control.settimeout(_SEND_SECONDS)
        if not self._is_ready:
            raise StartError(
                "The process that decodes recordings cannot be started: see the error above, or "
                "set SAMO_ISOLATE_DECODING=false to decode in the service's own process."
            )

    def fork(self, job: socket.socket) -> None:
        """Have it fork a process that serves `job`. Raises `_ProcessEnded` if it is gone."""
        try:
            socket.send_fds(self._control, [b"\0"], [job.fileno()])
        except OSError:
            raise _ProcessEnded(None) from None

    def close(self) -> None:
        """End it; it kills its processes."""
        self._control.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


async def _exchange(job: socket.socket, data: bytes) -> Audio:
    """Send an upload, receive the response and report its CPU time.

    Raises:
        SamoError: The response is an error.
        _ProcessEnded: There is none.
        InvalidResponse: It has another form.
    """
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):  # it died; its status arrives
        await loop.sock_sendall(job, REQUEST.pack(len(data)))
        await loop.sock_sendall(job, data)
    tag, milliseconds, value = TAG.unpack(await _receive(job, TAG.size))
    report(milliseconds / 1000)
    if tag == STATUS:
        raise _ProcessEnded(_signed(value))
    if tag != RESPONSE or value > messages.MAX_JSON_BYTES:
        raise messages.InvalidResponse
    fields = messages.parse_head(await _receive(job, value))
    samples = np.empty(fields["samples"], np.float32)
    await _receive_into(job, samples.data.cast("B"))
    return messages.audio_of(fields, samples)


async def _receive(job: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    await _receive_into(job, memoryview(data))
    return bytes(data)


async def _receive_into(job: socket.socket, buffer: memoryview) -> None:
    loop = asyncio.get_running_loop()
    position = 0
    while position < len(buffer):
        try:
            received = await loop.sock_recv_into(job, buffer[position:])
        except ConnectionError:
            received = 0
        if not received:
            raise _ProcessEnded(None)
        position += received


def _signed(value: int) -> int:
    return value - (1 << 32) if value >= 1 << 31 else value


def _error_of(status: int | None) -> SamoError:
    """The error for an upload whose process ended with `status`."""
    name = signal.Signals(-status).name if status is not None and status < 0 else str(status)
    _log.error("a decoder process ended without a response (%s)", name)
    if name == "SIGXCPU":
        return UndecodableAudio(
            "The recording takes too much computing to decode: save it again as MP3 or M4A."
        )
    if status is None or name == "SIGKILL":  # memory is short, or somebody killed it
        return _not_decoded_in_time()
    return _crashed()


def _crashed() -> SamoError:
    return UndecodableAudio(
        "The recording cannot be decoded: the decoder crashed. Save it again as MP3 or WAV."
    )


def _not_decoded_in_time() -> SamoError:
    return Overloaded(
        "The recording was not decoded in time: try again after the time in Retry-After.",
        retry_after_seconds=_RETRY_AFTER_SECONDS,
        step="decoding",
    )
