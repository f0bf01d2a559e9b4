"""What is asked of the transcriber and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

SAMPLE_RATE: Final = 16_000
"""Samples per second of everything that is transcribed."""

Task = Literal["transcribe", "translate"]
TASKS: Final[tuple[Task, ...]] = ("transcribe", "translate")
"""What can be done with speech: write it down, or write it down in English."""


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """One recording and what is to be done with it."""

    samples: npt.NDArray[np.float32]
    """Shape (n,), mono, 16 kHz, within [-1, 1]."""
    language: str | None = None
    """ISO 639 code of the language spoken, such as "en"; None to detect it."""
    task: Task = "transcribe"
    """"transcribe" keeps the language, "translate" answers in English."""
    word_timestamps: bool = False
    """Whether the answer holds the words with their times."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word and where it is heard."""

    text: str
    """The word with its punctuation, and with the space before it."""
    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording."""
    probability: float
    """Mean probability of its tokens, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence or so, with Whisper's figures on it."""

    id: int
    """Counts from 0."""
    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording."""
    text: str
    """What was said, with the space before it."""
    average_log_probability: float
    """Mean natural logarithm of the tokens' probabilities in the segment's window."""
    no_speech_probability: float
    """How probable Whisper holds it that the segment's window has no speech, 0 to 1."""
    compression_ratio: float
    """Bytes of the window's text divided by its bytes compressed by zlib: high for repeats."""
    temperature: float
    """0 where the first decoding was kept, above 0 after retries."""
    tokens: tuple[int, ...]
    """Whisper's token ids, timestamps included; empty for the later parts of a divided segment."""
    words: tuple[Word, ...] | None
    """The words, where they were asked for."""
    language: str | None = None
    """ISO 639 code of what is spoken in it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the recording."""

    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording."""


@dataclass(frozen=True, slots=True)
class LanguageSpan:
    """Consecutive segments in one language."""

    language: str
    """ISO 639 code."""
    start: float
    """Seconds from the beginning of the recording."""
    end: float
    """Seconds from the beginning of the recording."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in a recording."""

    text: str
    """The whole text; empty where there is no speech, or none that can be understood."""
    language: str | None
    """ISO 639 code, given or detected; None where there is no speech and none was given."""
    language_probability: float
    """How sure the detection is, 0 to 1; 1 where the language was given, 0 for a fallback."""
    duration: float
    """Length of the recording in seconds, to the millisecond."""
    confidence: float
    """Mean token probability, segments weighted by their length, 0 to 1; 0 without speech."""
    no_speech: bool
    """Whether nobody speaks in the recording."""
    segments: tuple[Segment, ...]
    """The text in pieces, in order."""
    speech_seconds: float = 0.0
    """Seconds within the segments in which a voice is heard: pauses are not counted."""

    unclear: tuple[Span, ...] = ()
    """Where somebody speaks, but no words could be made out."""

    @property
    def languages(self) -> tuple[LanguageSpan, ...]:
        """The languages spoken, in order, each with the time from its first to its last segment."""
        spans = []
        for language, run in groupby(self.segments, key=lambda segment: segment.language):
            segments = list(run)
            if language is not None:
                spans.append(LanguageSpan(language, segments[0].start, segments[-1].end))
        return tuple(spans)
