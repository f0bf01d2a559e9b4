"""When each sentence of a transcript was spoken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runners.text.sentences import Sentence
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
    return [ArcPoint(one, *_times(one.sentence, words)) for one in sentences]


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


def _times(
    sentence: Sentence, words: Sequence[tuple[int, SpokenWord]]
) -> tuple[float | None, float | None]:
    inside = [word for position, word in words if sentence.start <= position < sentence.end]
    return (inside[0].start, inside[-1].end) if inside else (None, None)
