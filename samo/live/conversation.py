"""Runs a live session on a connection: receives, transcribes, sends.

Three tasks share the session: one listens, one transcribes, one sends. Everything that changes the
session happens between two awaits, so no lock is needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from pydantic import ValidationError

from runners.batching import Batcher
from runners.errors import SamoError
from runners.priority import Priority, prioritized
from runners.transcriber.transcript import SAMPLE_RATE, Transcript, TranscriptionRequest
from samo.live import client_events, server_events
from samo.live.analysis import SessionAnalysis
from samo.live.client_events import EventError
from samo.live.endings import BEHIND, CLOSED, EXPIRED, FAILED, IDLE, STOPPING, Ending, limited
from samo.live.session import LiveSession
from samo.live.socket import Limits, Socket
from samo.live.turns import Decode, Purpose
from samo.monitoring import metrics
from samo.private_logs import describe

_log = logging.getLogger("bentoml.samo.live")

LiveTranscriber = Batcher[TranscriptionRequest, TranscriptionRequest, Transcript]

# New audio that a draft needs, at least, and in proportion to how long the last one took: drafts
# take at most half of the time, and fewer are made under load.
MIN_DRAFT_SECONDS: Final = 1.0
DRAFT_PACE: Final = 2.0
# Audio that is taken at once, so that other tasks get their turn.
_SLICE_SAMPLES: Final = SAMPLE_RATE
# A client that sends faster than real time waits while more turns than this are not transcribed.
_MAX_PENDING_TURNS: Final = 2
# Events that wait for a client that does not read.
_MAX_UNSENT_EVENTS: Final = 256
# Longest time to transcribe what is left at the end of a session, and to send its events.
_FINISH_SECONDS: Final = 30.0
_SEND_SECONDS: Final = 5.0


async def no_limit() -> SamoError | None:
    """The caller may compute without limit."""
    return None


class Conversation:
    """One session on one connection.

    Args:
        socket: the accepted connection.
        session: the state.
        transcriber: transcribes turns and drafts.
        analysis: finds the emotions of the turns.
        limits: when the session ends.
        check_limit: returns the error if the caller has used up a limit.
    """

    def __init__(
        self,
        socket: Socket,
        session: LiveSession,
        transcriber: LiveTranscriber,
        analysis: SessionAnalysis,
        limits: Limits,
        check_limit: Callable[[], Awaitable[SamoError | None]] = no_limit,
    ) -> None:
        self._socket = socket
        self._session = session
        self._transcriber = transcriber
        self._analysis = analysis
        self._limits = limits
        self._check_limit = check_limit
        self._outbox: asyncio.Queue[server_events.ServerEvent] = asyncio.Queue()
        self._wake = asyncio.Event()  # there may be something to transcribe
        self._progress = asyncio.Event()  # something was transcribed
        self._stop = asyncio.Event()
        self._is_finishing = False
        self._running: tuple[Decode, asyncio.Task[Transcript]] | None = None
        self._draft_seconds = 0.0
        self._ended: dict[str, float] = {}  # when each turn was committed, by item

    def stop(self) -> None:
        """End the session, because the service stops; what is left is transcribed."""
        self._stop.set()

    async def run(self) -> None:
        """Serve the session until one side ends it."""
        self._put([self._session.created()])
        worker = asyncio.create_task(self._work())
        sender = asyncio.create_task(self._send_all())
        try:
            ending = await self._listen(worker, sender)
            if ending is not None:
                await self._conclude(ending, worker)
        finally:
            for task in (worker, sender):
                task.cancel()
            await asyncio.gather(worker, sender, return_exceptions=True)

    async def _listen(
        self, worker: asyncio.Task[None], sender: asyncio.Task[None]
    ) -> Ending | None:
        """Take the client's events until the session ends; None if the client has disconnected."""
        deadline = time.monotonic() + self._limits.session_seconds
        stopping = asyncio.create_task(self._stop.wait())
        receiving: asyncio.Task[str | bytes | None] | None = None
        try:
            while True:
                receiving = receiving or asyncio.create_task(self._socket.receive())
                left = deadline - time.monotonic()
                done, _ = await asyncio.wait(
                    {receiving, stopping, worker, sender},
                    timeout=max(0.0, min(left, self._limits.idle_seconds)),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if sender in done:
                    return None
                if worker in done:
                    return self._why(worker)
                if stopping in done:
                    return STOPPING
                if receiving not in done:
                    return EXPIRED if left <= self._limits.idle_seconds else IDLE
                message, receiving = receiving.result(), None
                if message is None:
                    return None
                if await self._take(message):
                    return CLOSED
                if self._outbox.qsize() > _MAX_UNSENT_EVENTS:
                    return BEHIND
                await self._wait_for_turns(worker)
        finally:
            stopping.cancel()
            if receiving is not None:
                receiving.cancel()

    def _why(self, worker: asyncio.Task[None]) -> Ending:
        """Why the worker has ended although the session has not."""
        error = worker.exception()
        if isinstance(error, SamoError):
            return limited(error)
        if error is not None:
            _log.error("a live session failed: %s", describe(error))
        return FAILED

    async def _take(self, message: str | bytes) -> bool:
        """Take a message of the client; return whether it ends the session."""
        event_id = None
        try:
            event = client_events.parse(message)
            event_id = event.event_id
            if isinstance(event, client_events.Close):
                return True
            if isinstance(event, client_events.Append):
                samples = self._session.decode_audio(event.data())
                for start in range(0, len(samples), _SLICE_SAMPLES):
                    self._put(self._session.append(samples[start : start + _SLICE_SAMPLES]))
                    await asyncio.sleep(0)
            elif isinstance(event, client_events.SessionUpdate):
                self._put(self._session.update(event.session))
            elif isinstance(event, client_events.Commit):
                self._put(self._session.commit())
            else:
                self._put(self._session.clear())
        except ValidationError as error:
            self._put([client_events.invalid(error, prefix="session.").as_event(event_id)])
        except EventError as error:
            self._put([error.as_event(event_id)])
        return False

    def _put(self, events: Iterable[server_events.ServerEvent]) -> None:
        """Queue events, and look whether there is something to transcribe."""
        for event in events:
            if isinstance(event, server_events.Committed):
                self._ended[event.item_id] = time.perf_counter()
            elif isinstance(event, server_events.Completed):
                ended = self._ended.pop(event.item_id, None)
                if ended is not None:
                    metrics.live_turn_seconds.observe(time.perf_counter() - ended)
            self._outbox.put_nowait(event)
        if self._running is not None and not self._session.is_wanted(self._running[0]):
            self._running[1].cancel()
        self._wake.set()

    async def _wait_for_turns(self, worker: asyncio.Task[None]) -> None:
        while self._session.pending_turns > _MAX_PENDING_TURNS and not worker.done():
            self._progress.clear()
            waiting = asyncio.create_task(self._progress.wait())
            await asyncio.wait({waiting, worker}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()

    async def _send_all(self) -> None:
        """Send the events in order, until the client disconnects."""
        while True:
            event = await self._outbox.get()
            try:
                await self._socket.send(event.to_json())
            except ConnectionError:
                return
            finally:
                self._outbox.task_done()

    async def _work(self) -> None:
        """Transcribe what the session asks for; ends when it is finishing and nothing is left."""
        while True:
            for finished in self._session.take_finished():
                metrics.audio_seconds.inc(len(finished.samples) / SAMPLE_RATE)
                emotions = await self._analysis.turn(finished)
                self._put([emotions] if emotions is not None else [])
            self._wake.clear()
            decode = self._session.next_decode(draft_after_seconds=self._draft_interval())
            if decode is not None:
                await self._transcribe(decode)
            elif self._is_finishing and not self._session.pending_turns:
                return
            else:
                await self._wake.wait()

    def _draft_interval(self) -> float | None:
        """Seconds of new audio that the next draft needs; None if all workers are busy."""
        if self._is_finishing or not self._transcriber.has_free_worker:
            return None
        return max(MIN_DRAFT_SECONDS, DRAFT_PACE * self._draft_seconds)

    async def _transcribe(self, decode: Decode) -> None:
        error = await self._check_limit()
        if error is not None:
            raise error
        start = time.perf_counter()
        is_draft = decode.purpose is Purpose.DRAFT
        with prioritized(Priority.REQUEST if is_draft else Priority.LIVE):
            task = asyncio.create_task(self._transcriber.run_one(decode.request))
        self._running = (decode, task)
        try:
            if not self._session.is_wanted(decode):  # it changed while the limit was checked
                task.cancel()
            transcript = await task
        except asyncio.CancelledError:
            if not task.cancelled() or _is_cancelled():
                task.cancel()
                raise
            return  # it is not wanted any more
        except SamoError as failure:
            self._put(self._session.failed(decode, failure))
        else:
            if is_draft:
                self._draft_seconds = time.perf_counter() - start
            self._put(self._session.decoded(decode, transcript))
        finally:
            self._running = None
            self._progress.set()

    async def _conclude(self, ending: Ending, worker: asyncio.Task[None]) -> None:
        """Transcribe what is left, send the insight, close."""
        if ending.error is not None:
            self._put([server_events.Error(error=ending.error)])
        if not worker.done():
            self._put(self._session.finish())
            self._is_finishing = True
            self._wake.set()
            gone = asyncio.create_task(self._until_disconnected())
            finishing = asyncio.create_task(self._finish(worker))
            await asyncio.wait({gone, finishing}, return_when=asyncio.FIRST_COMPLETED)
            is_gone = gone.done()
            for task in (gone, finishing):
                task.cancel()
            await asyncio.gather(gone, finishing, return_exceptions=True)
            if is_gone:
                return
        self._put([server_events.SessionClosed()])
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._outbox.join(), _SEND_SECONDS)
        await self._socket.close(ending.code, ending.reason)

    async def _finish(self, worker: asyncio.Task[None]) -> None:
        await asyncio.wait({worker}, timeout=_FINISH_SECONDS)
        insight = await self._analysis.insight()
        if insight is not None:
            self._put([insight])

    async def _until_disconnected(self) -> None:
        while await self._socket.receive() is not None:
            pass


def _is_cancelled() -> bool:
    """Whether the current task itself was cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
