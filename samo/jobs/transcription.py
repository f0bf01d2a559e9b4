"""Transcribe the decoded recording of a job, section by section."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import numpy as np

from runners.transcriber.parts import SECTION_SECONDS, PartRequest, divide_section
from runners.transcriber.timestamps import to_seconds
from runners.transcriber.transcript import TranscriptionRequest
from samo.audio.quality import LevelMeter
from samo.audio.types import SAMPLE_RATE, AudioLevels, Samples
from samo.insight.parts import transcribe_sections
from samo.insight.results import TranscribedRecording
from samo.insight.transcription import RecordingTranscriber
from samo.jobs.decoding import SampleFile

RequestFactory = Callable[[Samples], TranscriptionRequest]

_SECTION: Final = SECTION_SECONDS * SAMPLE_RATE


async def transcribe_file(
    recordings: RecordingTranscriber,
    samples: SampleFile,
    make_request: RequestFactory,
    workers: int,
    on_part: Callable[[float], None],
) -> TranscribedRecording:
    """Transcribe a recording of any length; at most three sections of it are in memory.

    `on_part` is called with the seconds of each part that is done. Raises a `SamoError` if a
    parameter cannot be used, or the model fails.
    """
    transcriber = recordings.transcriber
    request = transcriber.runner.prepare(make_request(np.zeros(1, np.float32)))
    sections = _sections(samples, make_request)
    joined = await transcribe_sections(transcriber, sections, workers, request.language, on_part)
    transcript = joined.transcript(
        to_seconds(samples.sample_count), word_timestamps=request.word_timestamps
    )
    levels = await asyncio.to_thread(_levels, samples)
    return recordings.finished(transcript, levels, samples.gaps)


async def _sections(
    samples: SampleFile, make_request: RequestFactory
) -> AsyncIterator[Sequence[PartRequest]]:
    start = 0
    while start < samples.sample_count:
        is_last = start + _SECTION >= samples.sample_count

        def read(start: int = start, is_last: bool = is_last) -> tuple[list[PartRequest], int]:
            section = make_request(samples.read(start, _SECTION))
            return divide_section(section, start, is_last=is_last)

        parts, used = await asyncio.to_thread(read)
        yield parts
        start += used


def _levels(samples: SampleFile) -> AudioLevels | None:
    meter = LevelMeter()
    for start in range(0, samples.sample_count, _SECTION):
        meter.add(samples.read(start, _SECTION))
    return meter.levels
