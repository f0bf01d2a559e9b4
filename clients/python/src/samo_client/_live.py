"""Live sessions for threads; `_async_live.py` has those for asyncio."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from samo_client import live, models
from samo_client._live_connect import connect_error, connection_options
from samo_client._live_protocol import (
    CLEAR,
    CLOSE,
    COMMIT,
    Progress,
    audio_messages,
    session_config,
    update_message,
)
from samo_client._pcm import Source, pieces, seconds_of
from samo_client._transport import Configuration
from samo_client.errors import SamoError, TimedOut


class LiveSession:
    """A live session: audio is sent, and events are iterated over, at the same time.

        with samo.live(language="en") as session:
            for event in session.stream("entry.wav"):
                ...

    It connects in the `with` block, and raises an `ApiError` or `SessionFailed` there if the
    service refuses it. Events wait until they are read. After an error, what was recognized so far
    is in `text` and `turns`. One thread may send while another reads.
    """

    def __init__(self, configuration: Configuration, options: Mapping[str, Any]) -> None:
        self._configuration = configuration
        self._config = session_config(options)
        self._encoding = options.get("encoding", "audio/pcm")
        self._rate = options.get("rate", 24_000) if self._encoding == "audio/pcm" else 8_000
        self._progress = Progress(configuration.address)
        # None is the end of the events, an exception the failure of a source
        self._events: queue.SimpleQueue[live.Event | Exception | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._socket: ClientConnection | None = None
        self._reader: threading.Thread | None = None

    @property
    def text(self) -> str:
        """All that was recognized so far; this text does not change any more."""
        return self._progress.text

    @property
    def turns(self) -> tuple[live.Turn, ...]:
        """The completed turns."""
        return tuple(self._progress.turns)

    @property
    def insight(self) -> models.InsightResponse | None:
        """The insight, when the session has ended; None if there was no turn."""
        return self._progress.insight

    def send(self, audio: bytes | bytearray | memoryview) -> None:
        """Send samples; any number of them.

        Raises:
            SessionFailed: The session has ended.
            ConnectionFailed: The connection broke.
        """
        for message in audio_messages(audio):
            self._send(message)

    def commit(self) -> None:
        """End the turn here."""
        self._send(COMMIT)

    def clear(self) -> None:
        """Forget the audio of the turn that has not ended."""
        self._send(CLEAR)

    def update(self, **options: Any) -> None:
        """Change options of the session; a refused one is a `Problem`, and the session goes on."""
        if config := session_config(options):
            self._send(update_message(config))

    def finish(self) -> models.InsightResponse | None:
        """End the session: what is left is transcribed. Returns its insight, None without a turn.

        The last events can still be read.

        Raises:
            SessionFailed: The service has ended the session.
            ConnectionFailed: The connection broke.
            TimedOut: The insight took longer than the client's `timeout`.
        """
        if not self._ended.is_set():
            with contextlib.suppress(SamoError):  # it has ended meanwhile, which `_error` explains
                self._send_close()
            if not self._ended.wait(self._configuration.timeout.read):
                raise TimedOut("The insight of the live session did not arrive in time.")
        if self._error is not None:
            raise self._error
        return self.insight

    def stream(self, source: Source, *, realtime: bool = False) -> Iterator[live.Event]:
        """Send a source to its end, finish, and yield the events meanwhile.

        Args:
            source: The path of a recording (a WAV file, or any format if PyAV is installed); or
                samples: bytes, a stream such as a microphone's, or chunks.
            realtime: Send no faster than one speaks, so that a recording is heard like a
                microphone.

        """
        if self._ended.is_set():
            raise self._error or self._progress.failure()
        stopped = threading.Event()
        sending = threading.Thread(
            target=self._send_all, args=(source, realtime, stopped), daemon=True
        )
        sending.start()
        try:
            yield from self
        finally:
            stopped.set()

    def _send_all(self, source: Source, realtime: bool, stopped: threading.Event) -> None:
        due = time.monotonic()
        try:
            for piece in pieces(source, self._encoding, self._rate):
                if stopped.is_set():
                    return
                self.send(piece)
                if realtime:
                    due += seconds_of(piece, self._encoding, self._rate)
                    stopped.wait(max(0.0, due - time.monotonic()))
            self._send_close()
        except Exception as error:  # noqa: BLE001  # raised where the events are read
            self._events.put(error)

    def close(self) -> None:
        """Close the connection without waiting for the insight."""
        if self._socket is not None:
            self._socket.close()
        if self._reader is not None:
            self._reader.join()

    def __enter__(self) -> Self:
        attempt = 0
        while True:
            try:
                self._open()
            except SamoError as error:
                wait = self._configuration.retry_wait(error, attempt)
                if wait is None:
                    raise
            else:
                return self
            time.sleep(wait)
            attempt += 1

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> live.Event:
        event = self._events.get()
        if isinstance(event, Exception):
            raise event
        if event is not None:
            return event
        self._events.put(None)  # for whoever asks again
        if self._error is not None:
            raise self._error
        raise StopIteration

    def _open(self) -> None:
        configuration = self._configuration
        try:
            self._socket = connect(configuration.live_url, **connection_options(configuration))
        except (InvalidHandshake, OSError) as error:
            raise connect_error(error, configuration) from error
        self._progress = Progress(configuration.address)
        try:
            self._begin(self._socket)
        except BaseException as error:
            self._socket.close()
            if isinstance(error, TimeoutError):
                raise connect_error(error, configuration) from None
            raise
        self._reader = threading.Thread(target=self._read, args=(self._socket,), daemon=True)
        self._reader.start()

    def _begin(self, socket: ClientConnection) -> None:
        """Wait until the session has begun, and for its configuration."""
        progress, seconds = self._progress, self._configuration.timeout.connect
        try:
            progress.take(socket.recv(seconds))
            if self._config is not None and progress.problem is None:
                socket.send(update_message(self._config))
                while not progress.is_configured and progress.problem is None:
                    progress.take(socket.recv(seconds))
        except ConnectionClosed:
            raise (progress.end(socket.close_code) or progress.failure()) from None
        if progress.problem is not None:
            raise progress.failure()

    def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                event = self._progress.take(socket.recv())
                if event is not None:
                    self._events.put(event)
        except ConnectionClosed:
            self._end(self._progress.end(socket.close_code))
        except SamoError as error:
            self._end(error)
            socket.close()

    def _end(self, error: Exception | None) -> None:
        self._error = error
        self._ended.set()
        self._events.put(None)

    def _send_close(self) -> None:
        self._progress.is_finishing = True
        self._send(CLOSE)

    def _send(self, message: str) -> None:
        if self._socket is None:
            raise RuntimeError("A live session begins in `with`.")
        try:
            self._socket.send(message)
        except ConnectionClosed:
            self._ended.wait()
            raise (self._error or self._progress.failure()) from None
