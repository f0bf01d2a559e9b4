"""When each sentence of a transcript was spoken."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runners.transcriber.transcript import SpokenWord, Transcript
from samo.insight.entry import SentenceEmotions


@dataclass(frozen=True, slots=True)
class ArcPoint:
    """The emotions of a sentence; start and end are seconds in the recording, None if typed."""

    emotions: SentenceEmotions
    start_seconds: float | None
    end_seconds: float | None


def arc(sentences: Sequence[SentenceEmotions], transcript: Transcript | None) -> list[ArcPoint]:
    """Give each sentence of an entry its times in `transcript`; None for typed text."""
    if transcript is None:
        return [ArcPoint(one, None, None) for one in sentences]
    words = list(_positions(transcript))
    positions = [position for position, _ in words]
    points = []
    for one in sentences:
        first = bisect_left(positions, one.sentence.start)
        last = bisect_left(positions, one.sentence.end)
        start, end = (
            (words[first][1].start, words[last - 1][1].end) if first < last else (None, None)
        )
        points.append(ArcPoint(one, start, end))
    return points


def _positions(transcript: Transcript) -> Iterator[tuple[int, SpokenWord]]:
    """The words whose text is found in the transcript's text, each with its offset there."""
    cursor = 0
    for segment in transcript.segments:
        for word in segment.words or ():
            text = word.text.strip()
            position = transcript.text.find(text, cursor)
            if position >= 0:
                yield position, word
                cursor = position + len(text)
