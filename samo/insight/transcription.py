"""Transcribe uploads: decode, divide, transcribe, and report the text as soon as it is final."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from functools import partial

from runners.cancellation import run_cancellable
from runners.deadline import step_deadline
from runners.errors import SamoError
from runners.fairness import FairSlots
from runners.transcriber.parts import PartRequest, divide
from runners.transcriber.transcript import (
    SAMPLE_RATE,
    TextDelta,
    Transcript,
    TranscriptionRequest,
)
from runners.transcriber.voice_activity import WINDOW_SECONDS, Samples
from runners.usage import charged
from samo.audio import Audio, AudioLevels, Gap, assess_quality, measure_levels
from samo.decoders import Decoder
from samo.insight.observer import Observer
from samo.insight.parts import TranscriberBatcher, transcribe_parts
from samo.insight.results import TranscribedRecording
from samo.monitoring import metrics, tracing

RequestFactory = Callable[[Samples], TranscriptionRequest]
"""Makes the request for a recording's samples."""


class RecordingTranscriber:
    """Transcribes uploads.

    Args:
        transcriber: computes the transcripts.
        decoder: decodes the uploads.
        deadline_seconds: for decoding and transcribing a recording together; not for a stream,
            whose text is useful before its end.

    Attributes:
        observer: is told about each recording.

    """

    def __init__(
        self,
        transcriber: TranscriberBatcher,
        decoder: Decoder,
        deadline_seconds: float = math.inf,
    ) -> None:
        self.transcriber = transcriber
        self._decoder = decoder
        self._deadline_seconds = deadline_seconds
        self._thread_slots = FairSlots(transcriber.num_workers)
        self.observer: Observer | None = None

    async def transcribe(self, data: bytes, make_request: RequestFactory) -> TranscribedRecording:
        """Decode an upload and transcribe it.

        Raises a `SamoError` for audio that cannot be used; `Overloaded` already before decoding.
        """
        async with step_deadline("transcription", self._deadline_seconds, optional=False):
            audio = await self._decode(data)
            request = self._admitted(make_request(audio.samples))
            return await self._recording(audio, await self._transcribe(request))

    async def stream(
        self, data: bytes, make_request: RequestFactory, idle_seconds: float
    ) -> AsyncGenerator[TextDelta | TranscribedRecording | None, None]:
        """Decode an upload, then return an iterator over its text and the transcript at the end.

        The iterator yields None when nothing happened for `idle_seconds`. Closing or cancelling it
        cancels the transcription.

        Raises:
            SamoError: The audio or a parameter cannot be used, or the service is overloaded. The
                iterator raises one if the model fails.
        """
        audio = await self._decode(data)
        request = self._admitted(make_request(audio.samples))
        return self._stream(audio, request, idle_seconds)

    async def _stream(
        self, audio: Audio, request: TranscriptionRequest, idle_seconds: float
    ) -> AsyncGenerator[TextDelta | TranscribedRecording | None, None]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[TextDelta | None] = asyncio.Queue()

        def on_text(delta: TextDelta) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, delta)

        # Transcriptions are never batched, so no other request's failure repeats this one.
        task = asyncio.create_task(self._transcribe(replace(request, on_text=on_text)))
        task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while True:
                try:
                    async with asyncio.timeout(idle_seconds):
                        delta = await queue.get()
                except TimeoutError:
                    yield None
                    continue
                if delta is None:
                    break
                yield delta
            yield await self._recording(audio, await task)
        finally:
            task.cancel()

    async def _decode(self, data: bytes) -> Audio:
        self.transcriber.check_admission()
        with tracing.step("decode", upload_bytes=len(data)):
            return await self._decoder.decode(data)

    def _admitted(self, request: TranscriptionRequest) -> TranscriptionRequest:
        """Check a request, and that it need not wait too long; raises a `SamoError`."""
        prepared = self.transcriber.runner.prepare(request)
        self.transcriber.check_admission(self.transcriber.runner.cost(prepared))
        return prepared

    async def _transcribe(self, request: TranscriptionRequest) -> Transcript:
        """Transcribe a recording, of more than one window in parts side by side."""
        with tracing.step("transcribe", audio_seconds=len(request.samples) / SAMPLE_RATE):
            if len(request.samples) <= WINDOW_SECONDS * SAMPLE_RATE:
                (outcome,) = await self.transcriber.run([request], is_admitted=True)
                if isinstance(outcome, SamoError):
                    raise outcome
                return outcome
            parts = await self._divide(replace(request, on_text=None))
            return await transcribe_parts(self.transcriber, parts, request)

    async def _divide(self, request: TranscriptionRequest) -> list[PartRequest]:
        async with self._thread_slots.slot(len(request.samples)):
            with charged():
                return await run_cancellable(None, partial(divide, request))

    async def _recording(self, audio: Audio, transcript: Transcript) -> TranscribedRecording:
        levels = await asyncio.to_thread(measure_levels, audio)
        return self.finished(transcript, levels, audio.gaps)

    def finished(
        self, transcript: Transcript, levels: AudioLevels | None, gaps: tuple[Gap, ...]
    ) -> TranscribedRecording:
        """Count a recording that was transcribed, and add its quality and gaps."""
        metrics.audio_seconds.inc(transcript.duration)
        if self.observer is not None and levels is not None:
            self.observer.observe_recording(levels, transcript.language)
        return TranscribedRecording(transcript, assess_quality(levels), gaps)
