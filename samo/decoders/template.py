"""The template: a process with PyAV imported, which forks a decoder process for each upload.

    python -m samo.decoders.template FD

FD is a Unix socket to the service. Each message on it carries one end of another socket, over which
one upload arrives and its audio returns (`messages`). A decoder process shares the template's
memory until it writes to it, decodes one upload and exits. So nothing of an upload is left for the
next one, and what damages a process damages one request. One process is always forked in advance,
because a fork takes a few milliseconds.

The template has one thread and holds nothing secret: it is started with an empty environment. It
kills a decoder process whose socket the service has closed, and exits when the service does.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import time
from typing import Final, NamedTuple, NoReturn

import numpy.ma  # noqa: F401  # numpy imports it at the first percentile, when no file can be opened

from runners.errors import SamoError, UndecodableAudio
from samo.audio.decoding import decode
from samo.decoders.confinement import Confinement
from samo.decoders.messages import (
    REQUEST,
    RESPONSE,
    STATUS,
    TAG,
    audio_head,
    error_head,
    failure_head,
)

READY: Final = b"r"
"""The template sends it when it can fork."""
MAX_REQUEST_BYTES: Final = 64 * 1024 * 1024
_CHUNK: Final = 1024 * 1024
# 0.1 s of a tone as WAV, to run each import and lazy set-up once, before files cannot be opened.
_RATE: Final = 16_000


def main(control: socket.socket) -> None:
    """Fork decoder processes until the service closes `control`."""
    warm_up()
    _silence()
    confinement = Confinement()
    # Collections after the fork would write to shared memory and so copy it.
    gc.collect()
    gc.freeze()
    Template(control, confinement).run()


class _Idle(NamedTuple):
    """A process that waits for its upload, which comes over `channel`."""

    pid: int
    channel: socket.socket


class Template:
    """Forks decoder processes and reports how they end."""

    def __init__(self, control: socket.socket, confinement: Confinement) -> None:
        self._control = control
        self._confinement = confinement
        self._jobs: dict[int, socket.socket] = {}
        """The socket of each decoder process, by process id."""
        self._poll = select.poll()
        self._wakeup, wakeup = socket.socketpair()
        for end in (self._wakeup, wakeup):
            end.setblocking(False)
        self._wakeup_write = wakeup  # kept open
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake `poll`
        signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
        for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)
        self._next = self._fork()

    def run(self) -> None:
        """Serve until the service is gone."""
        self._poll.register(self._control, select.POLLIN)
        self._poll.register(self._wakeup, select.POLLIN)
        self._control.sendall(READY)
        while True:
            for descriptor, event in self._poll.poll():
                if descriptor == self._wakeup.fileno():
                    with contextlib.suppress(BlockingIOError):
                        self._wakeup.recv(4096)
                elif descriptor == self._control.fileno():
                    if not self._accept():
                        self._kill_all()
                        return
                elif event & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                    self._kill(descriptor)
            self._reap()

    def _accept(self) -> bool:
        """Give an upload to the next process; return False at the end of the service."""
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        except OSError:
            return False
        if not message:
            return False
        job = socket.socket(fileno=descriptors[0])
        with contextlib.suppress(OSError), self._next.channel as channel:
            # fails if the process was killed from outside, which `_reap` reports
            socket.send_fds(channel, [b"\0"], [job.fileno()])
        self._jobs[self._next.pid] = job
        self._poll.register(job, 0)  # only tells that the service has closed its end
        self._next = self._fork()
        return True

    def _fork(self) -> _Idle:
        """Fork the process for the next upload."""
        channel, remote = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            channel.close()
            self._become_decoder(remote)
        remote.close()
        return _Idle(pid, channel)

    def _become_decoder(self, channel: socket.socket) -> NoReturn:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # the uploads of others, and the way to fork
            for other in (*self._jobs.values(), self._control, self._wakeup, self._wakeup_write):
                other.close()
            warm_up()  # copies the memory that decoding writes to, before the upload is here
            with channel:
                _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
            if descriptors:  # not the end of the template
                self._confinement.begin()
                _answer(socket.socket(fileno=descriptors[0]))
            status = 0
        finally:
            os._exit(status)

    def _kill(self, descriptor: int) -> None:
        """Kill the process whose result the service no longer wants."""
        for pid, job in self._jobs.items():
            if job.fileno() == descriptor:
                self._poll.unregister(job)
                os.kill(pid, signal.SIGKILL)

    def _kill_all(self) -> None:
        for pid in (*self._jobs, self._next.pid):
            os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        """Report the status of the processes that have ended."""
        while True:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid == self._next.pid:
                self._next.channel.close()
                self._next = self._fork()
                continue
            job = self._jobs.pop(pid)
            with contextlib.suppress(KeyError, ValueError):  # `_kill` has unregistered it
                self._poll.unregister(job)
            with contextlib.suppress(OSError), job:  # the service may have closed its end
                job.setblocking(False)
                code = os.waitstatus_to_exitcode(status)
                milliseconds = round((usage.ru_utime + usage.ru_stime) * 1000)
                job.sendall(TAG.pack(STATUS, milliseconds, code & 0xFFFF_FFFF))


def _answer(job: socket.socket) -> None:
    """Decode the upload that arrives on `job`, and send the audio or the error."""
    start = time.process_time()
    samples: bytes | memoryview = b""
    try:
        audio = decode(_receive_upload(job))
    except SamoError as error:
        head = error_head(error)
    except MemoryError:
        head = error_head(_too_large())
    except Exception as error:  # noqa: BLE001  # the service logs where it was raised
        head = failure_head(error)
    else:
        head, samples = audio_head(audio), audio.samples.astype("<f4", copy=False).data.cast("B")
    milliseconds = round((time.process_time() - start) * 1000)
    job.sendall(TAG.pack(RESPONSE, milliseconds, len(head)) + head)
    job.sendall(samples)


def _too_large() -> SamoError:
    return UndecodableAudio(
        "The recording needs more memory than a recording can need: save it again as MP3 or M4A."
    )


def _receive_upload(job: socket.socket) -> bytes:
    (size,) = REQUEST.unpack(_receive(job, REQUEST.size))
    if size > MAX_REQUEST_BYTES:
        raise _too_large()
    return _receive(job, size)


def _receive(job: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view, position = memoryview(data), 0
    while position < size:
        received = job.recv_into(view[position : position + _CHUNK])
        if not received:
            raise EOFError
        position += received
    return bytes(data)


def warm_up() -> None:
    """Decode once, so that modules, codecs and tables are loaded before the forks."""
    import io
    import wave

    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, _RATE, 0, "NONE", ""))
        writer.writeframes(b"\0\x10\0\xf0" * (_RATE // 20))
    audio_head(decode(file.getvalue()))
    for codec in ("latin-1", "utf-8", "utf-16", "ascii"):  # their modules are imported at first use
        b"".decode(codec)


def _silence() -> None:
    """Send further output nowhere: a library might print parts of a recording's tags."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
