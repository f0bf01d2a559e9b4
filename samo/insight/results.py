"""The results of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field

from runners.emotion.prediction import EmotionPrediction
from runners.transcriber.transcript import Transcript
from samo.audio import Gap
from samo.insight.arc import ArcPoint
from samo.insight.entry import EntryEmotions
from samo.insight.summary import SummaryResult


@dataclass(frozen=True, slots=True)
class TranscribedRecording:
    """A transcript, and the quality and gaps of its recording."""

    transcript: Transcript
    audio_quality: str
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class SummarizedText:
    """A summary, the emotions of its entry if they are known, and the steps that failed."""

    result: SummaryResult
    prediction: EmotionPrediction | None
    degraded: list[str]


@dataclass(slots=True)
class Insight:
    """The complete result for an entry.

    Attributes:
        text: the entry as it was typed, or its transcript.
        word_count: number of words of `text` without its markup.
        recording: None for typed text.
        emotions: None if the text has no words or the step failed.
        arc: one point per sentence; empty if `emotions` is None.
        summary: None if it was not requested, the text has no words or the step failed.
        timings_ms: milliseconds by step.
        degraded: the steps that failed.

    """

    text: str
    word_count: int
    recording: TranscribedRecording | None = None
    emotions: EntryEmotions | None = None
    arc: list[ArcPoint] = field(default_factory=list)
    summary: SummaryResult | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)
