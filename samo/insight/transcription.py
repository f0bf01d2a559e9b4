"""Transcribe uploads: decode, transcribe, and report the text as soon as it is final."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor
from dataclasses import replace

from runners.batching import Batcher
from runners.cancellation import run_cancellable
from runners.transcriber.transcript import TextDelta, Transcript, TranscriptionRequest
from runners.transcriber.voice_activity import Samples
from runners.usage import current_meter
from samo.audio import Audio, assess_quality, decode
from samo.insight.results import TranscribedRecording
from samo.monitoring import metrics

RequestFactory = Callable[[Samples], TranscriptionRequest]
"""Makes the request for a recording's samples."""


class RecordingTranscriber:
    """Transcribes uploads.

    Args:
        transcriber: computes the transcripts.
        decode_executor: the threads that decode recordings; None for asyncio's default.

    """

    def __init__(
        self,
        transcriber: Batcher[TranscriptionRequest, TranscriptionRequest, Transcript],
        decode_executor: Executor | None,
    ) -> None:
        self._transcriber = transcriber
        self._decode_executor = decode_executor

    async def transcribe(self, data: bytes, make_request: RequestFactory) -> TranscribedRecording:
        """Decode an upload and transcribe it.

        Raises a `SamoError` for audio that cannot be used; `Overloaded` already before decoding.
        """
        audio = await self._decode(data)
        transcript = await self._transcriber.run_one(make_request(audio.samples))
        return await _recording(audio, transcript)

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
        request = self._transcriber.runner.prepare(make_request(audio.samples))
        self._transcriber.check_admission(self._transcriber.runner.cost(request))
        return self._stream(audio, request, idle_seconds)

    async def _stream(
        self, audio: Audio, request: TranscriptionRequest, idle_seconds: float
    ) -> AsyncGenerator[TextDelta | TranscribedRecording | None, None]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[TextDelta | None] = asyncio.Queue()

        def on_text(delta: TextDelta) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, delta)

        # Transcriptions are never batched, so no other request's failure repeats this one.
        task = asyncio.create_task(self._transcriber.run_one(replace(request, on_text=on_text)))
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
            yield await _recording(audio, await task)
        finally:
            task.cancel()

    async def _decode(self, data: bytes) -> Audio:
        self._transcriber.check_admission()
        seconds = 0.0

        def timed_decode() -> Audio:
            nonlocal seconds
            start = time.perf_counter()
            try:
                return decode(data)
            finally:
                seconds = time.perf_counter() - start

        meter = current_meter()
        try:
            return await run_cancellable(self._decode_executor, timed_decode)
        finally:
            if meter is not None:
                meter(seconds)


async def _recording(audio: Audio, transcript: Transcript) -> TranscribedRecording:
    metrics.audio_seconds.inc(audio.duration)
    quality = await asyncio.to_thread(assess_quality, audio)
    return TranscribedRecording(transcript, quality, audio.gaps)
