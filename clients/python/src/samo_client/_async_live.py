"""Live sessions for asyncio; `_live.py` has those for threads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

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


class AsyncLiveSession:
    """A live session: audio is sent, and events are iterated over, at the same time.

        async with samo.live(language="en") as session:
            async for event in session.stream("entry.wav"):
                ...

    It connects in the `async with` block, and raises an `ApiError` or `SessionFailed` there if the
    service refuses it. Events wait until they are read. After an error, what was recognized so far
    is in `text` and `turns`.
    """

    def __init__(self, configuration: Configuration, options: Mapping[str, Any]) -> None:
        self._configuration = configuration
        self._config = session_config(options)
        self._encoding = options.get("encoding", "audio/pcm")
        self._rate = options.get("rate", 24_000) if self._encoding == "audio/pcm" else 8_000
        self._progress = Progress(configuration.address)
        # None is the end of the events, an exception the failure of a source
        self._events: asyncio.Queue[live.Event | Exception | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self._error: Exception | None = None
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

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

    async def send(self, audio: bytes | bytearray | memoryview) -> None:
        """Send samples; any number of them.

        Raises:
            SessionFailed: The session has ended.
            ConnectionFailed: The connection broke.
        """
        for message in audio_messages(audio):
            await self._send(message)

    async def commit(self) -> None:
        """End the turn here."""
        await self._send(COMMIT)

    async def clear(self) -> None:
        """Forget the audio of the turn that has not ended."""
        await self._send(CLEAR)

    async def update(self, **options: Any) -> None:
        """Change options of the session; a refused one is a `Problem`, and the session goes on."""
        if config := session_config(options):
            await self._send(update_message(config))

    async def finish(self) -> models.InsightResponse | None:
        """End the session: what is left is transcribed. Returns its insight, None without a turn.

        The last events can still be read.

        Raises:
            SessionFailed: The service has ended the session.
            ConnectionFailed: The connection broke.
            TimedOut: The insight took longer than the client's `timeout`.
        """
        if not self._ended.is_set():
            with contextlib.suppress(SamoError):  # it has ended meanwhile, which `_error` explains
                await self._send_close()
            try:
                async with asyncio.timeout(self._configuration.timeout.read):
                    await self._ended.wait()
            except TimeoutError:
                raise TimedOut("The insight of the live session did not arrive in time.") from None
        if self._error is not None:
            raise self._error
        return self.insight

    async def stream(
        self, source: Source | AsyncIterable[bytes], *, realtime: bool = False
    ) -> AsyncIterator[live.Event]:
        """Send a source to its end, finish, and yield the events meanwhile.

        Args:
            source: The path of a recording (a WAV file, or any format if PyAV is installed); or
                samples: bytes, a stream such as a microphone's, or chunks.
            realtime: Send no faster than one speaks, so that a recording is heard like a
                microphone.

        """
        if self._ended.is_set():
            raise self._error or self._progress.failure()
        sending = asyncio.create_task(self._send_all(source, realtime))
        try:
            async for event in self:
                yield event
            await sending
        finally:
            sending.cancel()

    async def _send_all(self, source: Source | AsyncIterable[bytes], realtime: bool) -> None:
        clock = asyncio.get_running_loop()
        due = clock.time()
        try:
            async for piece in self._pieces(source):
                await self.send(piece)
                if realtime:
                    due += seconds_of(piece, self._encoding, self._rate)
                    await asyncio.sleep(max(0.0, due - clock.time()))
            await self._send_close()
        except Exception as error:  # noqa: BLE001  # raised where the events are read
            self._events.put_nowait(error)

    async def _pieces(self, source: Source | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        if isinstance(source, AsyncIterable):
            async for piece in source:
                yield piece
            return
        iterator = pieces(source, self._encoding, self._rate)
        # in a thread, because a microphone lets one wait
        while piece := await asyncio.to_thread(lambda: next(iterator, b"")):
            yield piece

    async def close(self) -> None:
        """Close the connection without waiting for the insight."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

    async def __aenter__(self) -> Self:
        attempt = 0
        while True:
            try:
                await self._open()
            except SamoError as error:
                wait = self._configuration.retry_wait(error, attempt)
                if wait is None:
                    raise
            else:
                return self
            await asyncio.sleep(wait)
            attempt += 1

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> live.Event:
        event = await self._events.get()
        if isinstance(event, Exception):
            raise event
        if event is not None:
            return event
        self._events.put_nowait(None)  # for whoever asks again
        if self._error is not None:
            raise self._error
        raise StopAsyncIteration

    async def _open(self) -> None:
        configuration = self._configuration
        try:
            self._socket = await connect(
                configuration.live_url, **connection_options(configuration)
            )
        except (InvalidHandshake, OSError) as error:
            raise connect_error(error, configuration) from error
        self._progress = Progress(configuration.address)
        try:
            async with asyncio.timeout(configuration.timeout.connect):
                await self._begin(self._socket)
        except BaseException as error:
            await self._socket.close()
            if isinstance(error, TimeoutError):
                raise connect_error(error, configuration) from None
            raise
        self._reader = asyncio.create_task(self._read(self._socket))

    async def _begin(self, socket: ClientConnection) -> None:
        """Wait until the session has begun, and for its configuration."""
        progress = self._progress
        try:
            progress.take(await socket.recv())
            if self._config is not None and progress.problem is None:
                await socket.send(update_message(self._config))
                while not progress.is_configured and progress.problem is None:
                    progress.take(await socket.recv())
        except ConnectionClosed:
            raise (progress.end(socket.close_code) or progress.failure()) from None
        if progress.problem is not None:
            raise progress.failure()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                event = self._progress.take(await socket.recv())
                if event is not None:
                    self._events.put_nowait(event)
        except ConnectionClosed:
            self._end(self._progress.end(socket.close_code))
        except SamoError as error:
            self._end(error)
            await socket.close()

    def _end(self, error: Exception | None) -> None:
        self._error = error
        self._ended.set()
        self._events.put_nowait(None)

    async def _send_close(self) -> None:
        self._progress.is_finishing = True
        await self._send(CLOSE)

    async def _send(self, message: str) -> None:
        if self._socket is None:
            raise RuntimeError("A live session begins in `async with`.")
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            await self._ended.wait()
            raise (self._error or self._progress.failure()) from None
