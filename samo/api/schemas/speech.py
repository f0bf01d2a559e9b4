"""The transcript of a recording."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class WordTiming(BaseModel):
    """A spoken word; times in seconds from the start of the recording."""

    word: str
    start: float
    end: float
    probability: float


class TranscriptSegment(BaseModel):
    """A stretch of speech; times in seconds from the start of the recording."""

    id: int
    start: float
    end: float
    text: str


class RecordingGap(BaseModel):
    """A stretch of the file's timeline without sound in the file."""

    at: float = Field(description="Seconds of sound before it.")
    seconds: float = Field(description="Its length.")


class TimeSpan(BaseModel):
    """A part of the recording; times in seconds from its start."""

    start: float
    end: float


class SpokenLanguage(TimeSpan):
    """Consecutive segments in one language."""

    language: str


class TranscriptionResponse(BaseModel):
    """The transcript of a recording."""

    text: str = Field(description="Empty without speech, and if no word is intelligible.")
    language: str | None = Field(
        description="ISO 639-1 code, detected or as requested; null without speech."
    )
    language_probability: float = Field(ge=0.0, le=1.0)
    confidence: float = Field(
        ge=0.0, le=1.0, description="Mean token probability, weighted by the segments' length."
    )
    duration: float = Field(description="Seconds of audio.")
    word_count: int
    speaking_rate: float = Field(
        description="Words per minute of speech; pauses of a second or more do not count."
    )
    audio_quality: Literal["excellent", "good", "fair", "poor"]
    no_speech: bool = Field(
        description="True without speech; false with an empty `text` if there is speech, but no "
        "word is intelligible."
    )
    gaps: list[RecordingGap] = Field(
        default=[],
        description="Where the file's timeline jumps ahead by more than half a second: the "
        "recorder was paused, or a part of the file is missing. All times in this response count "
        "only sound.",
    )
    segments: list[TranscriptSegment]
    words: list[WordTiming] | None = Field(
        default=None, description="With `timestamp=true` of /transcribe/voice; otherwise null."
    )
    languages: list[SpokenLanguage] = Field(
        default=[], description="The languages spoken, in order; `language` is spoken longest."
    )
    unclear: list[TimeSpan] = Field(
        default=[],
        description="Parts with speech in which no word is intelligible.",
    )
