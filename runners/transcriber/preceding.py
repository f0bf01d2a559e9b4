"""Audio before a turn, which helps to understand it and whose words are left out."""

from __future__ import annotations

from dataclasses import replace

from runners.transcriber.timestamps import speech_seconds
from runners.transcriber.transcript import Segment, SpokenWord, TimeSpan, Transcript


def without_preceding(transcript: Transcript, seconds: float) -> Transcript:
    """The transcript of what follows the first `seconds`; times count from there.

    The segments must have words, whose times decide. At a pause these are exact enough.
    """
    segments = [
        part for segment in transcript.segments if (part := _after(segment, seconds)) is not None
    ]
    numbered = tuple(replace(segment, id=number) for number, segment in enumerate(segments))
    return replace(
        transcript,
        text="".join(segment.text for segment in numbered).strip(),
        language=numbered[0].language if numbered else transcript.language,
        duration=round(transcript.duration - seconds, 3),
        segments=numbered,
        speech_seconds=speech_seconds(numbered),
        unclear=tuple(
            TimeSpan(max(0.0, span.start - seconds), span.end - seconds)
            for span in transcript.unclear
            if span.end > seconds
        ),
    )


def _after(segment: Segment, seconds: float) -> Segment | None:
    words = tuple(
        _earlier(word, seconds)
        for word in segment.words or ()
        if (word.start + word.end) / 2 >= seconds
    )
    if not words:
        return None
    return replace(
        segment,
        start=words[0].start,
        end=words[-1].end,
        text="".join(word.text for word in words),
        tokens=segment.tokens if len(words) == len(segment.words or ()) else (),
        words=words,
    )


def _earlier(word: SpokenWord, seconds: float) -> SpokenWord:
    return replace(
        word,
        start=round(max(0.0, word.start - seconds), 3),
        end=round(max(0.0, word.end - seconds), 3),
    )
