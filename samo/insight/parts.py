"""Transcribe the parts of a recording side by side, on all workers of the transcriber."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from runners.batching import Batcher
from runners.errors import SamoError
from runners.transcriber.parts import PartRequest, TranscribedParts
from runners.transcriber.timestamps import to_seconds
from runners.transcriber.transcript import TextDelta, Transcript, TranscriptionRequest

TranscriberBatcher = Batcher[TranscriptionRequest, TranscriptionRequest, Transcript]


async def transcribe_parts(
    transcriber: TranscriberBatcher, parts: Sequence[PartRequest], request: TranscriptionRequest
) -> Transcript:
    """Transcribe the parts of the recording of `request`, which was admitted.

    One after the other until the language is known, then all side by side. `request.on_text` is
    called on the event loop with the text of the parts in order.
    """
    collected = _InOrder(request)
    first = 0
    while first < len(parts) and collected.joined.main_language is None:
        collected.add(first, await _run_one(transcriber, parts[first]), parts[first])
        first += 1
    language = collected.joined.main_language
    rest = [replace(part, main_language=language) for part in parts[first:]]

    def on_output(index: int, transcript: Transcript) -> None:
        collected.add(first + index, transcript, rest[index])

    outcomes = await transcriber.run(rest, is_admitted=True, on_output=on_output)
    for outcome in outcomes:
        if isinstance(outcome, SamoError):
            raise outcome
    duration = to_seconds(len(request.samples))
    return collected.joined.transcript(duration, word_timestamps=request.word_timestamps)


async def transcribe_sections(
    transcriber: TranscriberBatcher,
    sections: AsyncIterator[Sequence[PartRequest]],
    workers: int,
    language: str | None,
    on_part: Callable[[float], None],
) -> TranscribedParts:
    """Transcribe a recording whose sections are read when they are needed.

    At most `workers` parts are computed at once, and as many wait. `on_part` is called with the
    seconds of each part that is done.
    """
    joined = TranscribedParts(language)
    done: dict[int, tuple[PartRequest, Transcript]] = {}
    waiting: asyncio.Queue[tuple[int, PartRequest] | None] = asyncio.Queue(workers)
    next_index = 0
    main_language: str | None = None

    async def transcribe(index: int, part: PartRequest) -> None:
        nonlocal next_index
        part = replace(part, main_language=main_language)
        done[index] = part, await _run_one(transcriber, part)
        on_part(to_seconds(len(part.samples)))
        while next_index in done:
            its_part, transcript = done.pop(next_index)
            joined.add(its_part.start_sample, transcript)
            next_index += 1

    async def produce() -> None:
        nonlocal main_language
        index = 0
        async for parts in sections:
            for part in parts:
                if main_language is None:
                    await transcribe(index, part)  # the others are told the language
                    main_language = joined.main_language
                else:
                    await waiting.put((index, part))
                index += 1
        for _ in range(workers):
            await waiting.put(None)

    async def consume() -> None:
        while (item := await waiting.get()) is not None:
            await transcribe(*item)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(produce())
            for _ in range(workers):
                group.create_task(consume())
    except* SamoError as failures:
        raise _first(failures) from None
    return joined


class _InOrder:
    """Joins transcripts that arrive in any order, and reports their text in order."""

    def __init__(self, request: TranscriptionRequest) -> None:
        self.joined = TranscribedParts(request.language)
        self._on_text = request.on_text
        self._reported_characters = 0
        self._next = 0
        self._early: dict[int, tuple[Transcript, PartRequest]] = {}

    def add(self, index: int, transcript: Transcript, part: PartRequest) -> None:
        self._early[index] = transcript, part
        while self._next in self._early:
            self._append(*self._early.pop(self._next))
            self._next += 1

    def _append(self, transcript: Transcript, part: PartRequest) -> None:
        self.joined.add(part.start_sample, transcript)
        if self._on_text is None or not transcript.segments:
            return
        text = self.joined.text
        scores = tuple(score for segment in transcript.segments for score in segment.token_scores)
        self._on_text(TextDelta(text[self._reported_characters :], scores))
        self._reported_characters = len(text)


async def _run_one(transcriber: TranscriberBatcher, part: PartRequest) -> Transcript:
    (outcome,) = await transcriber.run([part], is_admitted=True)
    if isinstance(outcome, SamoError):
        raise outcome
    return outcome


def _first(failures: BaseExceptionGroup[SamoError]) -> SamoError:
    error = failures.exceptions[0]
    return error if isinstance(error, SamoError) else _first(error)
