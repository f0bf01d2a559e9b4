"""What a job computes: the body that a request with the same options would have."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import BinaryIO

from pydantic import BaseModel

from runners.transcriber.transcript import SpeechTask, TranscriptionRequest
from runners.transcriber.voice_activity import Samples
from samo.api import responses
from samo.api.serialization import json_response
from samo.api.stopwatch import Stopwatch
from samo.factory import ModelSet
from samo.insight.results import TranscribedRecording
from samo.jobs.decoding import decode_recording
from samo.jobs.entry import Progress
from samo.jobs.job import JobKind
from samo.jobs.transcription import transcribe_file
from samo.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWork:
    """The work of one job; `runner.Work`."""

    models: ModelSet
    settings: Settings
    kind: JobKind
    language: str | None
    task: SpeechTask
    timestamp: bool
    generate_summary: bool
    emotion_threshold: float | None

    async def __call__(self, upload: BinaryIO, progress: Progress) -> bytes:
        """Compute the result. Raises a `SamoError`."""
        with Stopwatch() as stopwatch:
            recording = await self._transcribe(upload, progress)
            if self.kind == "transcription":
                return await asyncio.to_thread(
                    lambda: _to_json(responses.transcription(recording, with_words=self.timestamp))
                )
            milliseconds = (time.perf_counter() - stopwatch.started) * 1000
            progress.step("analysing")
            insight = await self.models.pipeline.analyze(
                recording.transcript.text,
                generate_summary=self.generate_summary,
                threshold=self.emotion_threshold,
                recording=recording,
            )
            insight.timings_ms = {"transcription": round(milliseconds, 2), **insight.timings_ms}
        # in a thread: an insight of three hours has a megabyte
        return await asyncio.to_thread(
            lambda: _to_json(responses.insight(insight, self.models.tags, stopwatch))
        )

    def request(self, samples: Samples) -> TranscriptionRequest:
        """The request to the transcriber; an insight needs the times of the words."""
        with_words = self.timestamp or self.kind == "insight"
        return TranscriptionRequest(samples, self.language, self.task, with_words)

    async def _transcribe(self, upload: BinaryIO, progress: Progress) -> TranscribedRecording:
        progress.step("decoding")
        samples = await decode_recording(
            upload, self.settings.jobs_folder, self.settings.max_job_seconds
        )
        upload.close()  # which deletes it
        try:
            progress.total(samples.duration)
            progress.step("transcribing")
            return await transcribe_file(
                self.models.pipeline.recordings,
                samples,
                self.request,
                self.settings.max_concurrent_transcriptions,
                progress.add,
            )
        finally:
            samples.close()


def _to_json(content: BaseModel) -> bytes:
    return bytes(json_response(content).body)
