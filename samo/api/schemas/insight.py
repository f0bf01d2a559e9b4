"""Bodies of the `/analyze` routes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from runners.emotion.prediction import Intensity, Sentiment
from samo.api.schemas.base import JournalText, RequestBody, Threshold
from samo.api.schemas.speech import TranscriptionResponse
from samo.api.schemas.text import EmotionScore, SummaryResponse


class JournalRequest(RequestBody):
    """A typed entry to analyze."""

    text: JournalText
    generate_summary: bool = Field(default=True, description="If false, `summary` is null.")
    emotion_threshold: Threshold | None = None


class WholeEmotion(EmotionScore):
    """An emotion of a whole entry."""

    share: float = Field(
        ge=0.0,
        le=1.0,
        description="Share of the entry, by length, whose sentences have this emotion. Shares of "
        "several emotions may overlap.",
    )


class EmotionAnalysis(BaseModel):
    """The emotions of a whole entry."""

    emotions: dict[str, float] = Field(
        description="Name to confidence, highest first.", examples=[{"joy": 0.87}]
    )
    emotion_list: list[WholeEmotion] = Field(
        description="The same as `emotions`, in the form of `/predict` and of the arc, each with "
        "its share of the entry."
    )
    primary_emotion: str
    confidence: float = Field(description="Confidence of `primary_emotion`.")
    emotional_intensity: Intensity = Field(
        description="`intensity` in words: low below one third, high from two thirds."
    )
    intensity: float = Field(
        ge=0.0, le=1.0, description="Strength of the emotions: 0 for a flat report, 1 for despair."
    )
    mixed: bool = Field(
        description="Whether positive and negative emotions each occur in at least a fifth of the "
        "entry."
    )
    sentiment: Sentiment
    sentiments: dict[Sentiment, float] = Field(description="Shares that sum to 1.")
    ekman: dict[str, float] = Field(
        description="Ekman's six, name to confidence, highest first; neutral if none applies. "
        "`emotion_threshold` does not change them.",
        examples=[{"joy": 0.91}],
    )
    moods: dict[str, float] = Field(
        description="Name to confidence, highest first; empty if the entry is neutral. "
        "`emotion_threshold` does not change them.",
        examples=[{"happy": 0.89, "grateful": 0.61}],
    )


class ArcPoint(BaseModel):
    """The emotions of one sentence; `text` is `entry[start:end]` in Unicode code points."""

    start: int = Field(description="Index of the first character.")
    end: int = Field(description="Index after the last character.")
    text: str
    start_seconds: float | None = Field(description="When it was spoken; null for typed text.")
    end_seconds: float | None
    emotions: list[EmotionScore]
    primary_emotion: str
    sentiment: Sentiment
    experiencer: Literal["writer", "other"] | None = Field(
        description="Whose emotion the sentence mentions; null if it mentions none."
    )
    tense: Literal["present", "past", "wished"] | None = Field(
        description="When the emotion is present: now, at a time before the entry, or only in a "
        "wish or an imagined case; null if none is mentioned."
    )


class InsightResponse(BaseModel):
    """The insight of an entry."""

    transcription: TranscriptionResponse | None = Field(description="Null for typed text.")
    emotion_analysis: EmotionAnalysis | None = Field(
        description="Null without speech, or if `degraded` names the step."
    )
    summary: SummaryResponse | None = Field(
        description="Null if not requested, without speech, or if `degraded` names the step."
    )
    arc: list[ArcPoint] = Field(description="The entry's sentences in order.")
    processing_time_ms: float
    timings_ms: dict[str, float] = Field(description="Milliseconds per step.")
    pipeline_status: dict[str, bool] = Field(
        description="Which steps have a result: emotion_detection, text_summarization, "
        "voice_processing."
    )
    insights: dict[str, Any] = Field(
        description="Counts: words, sentences, share of emotional sentences, turning points."
    )
    models: dict[str, str] = Field(description="Tags of the models that were used.")
    degraded: list[str] = Field(description="Steps that failed; empty if none did.")
