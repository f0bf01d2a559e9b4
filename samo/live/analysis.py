"""The emotions of each turn of a live session, and the insight of all turns together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from runners.errors import SamoError
from runners.transcriber.transcript import SAMPLE_RATE, Segment, Transcript
from samo.audio import assess_quality, measure_levels
from samo.audio.types import Audio, AudioLevels
from samo.insight.pipeline import Pipeline
from samo.insight.results import Insight, TranscribedRecording
from samo.live import server_events as events
from samo.live.turns import FinishedTurn

Render = Callable[[Insight], dict[str, Any]]
"""An insight in the form of /analyze/voice-journal."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A turn whose audio is gone; times count from the start of the session."""

    text: str
    transcript: Transcript
    levels: AudioLevels | None


class SessionAnalysis:
    """Analyses the turns of one session.

    Args:
        pipeline: classifies and summarizes.
        render: converts an insight for the events.
    """

    def __init__(self, pipeline: Pipeline, render: Render) -> None:
        self._pipeline = pipeline
        self._render = render
        self._turns: list[_Turn] = []

    async def turn(self, finished: FinishedTurn) -> events.ServerEvent | None:
        """The emotions of a turn; None if it has no words, or if the classifier fails."""
        start, end = finished.start / SAMPLE_RATE, finished.end / SAMPLE_RATE
        levels = measure_levels(Audio(finished.samples, SAMPLE_RATE, "raw", "pcm"))
        turn = _Turn(finished.text, _shifted(finished, start), levels)
        self._turns.append(turn)
        if not turn.text:
            return None
        insight = await self._analyze([turn], generate_summary=False)
        if insight is None or insight["emotion_analysis"] is None:
            return None
        return events.Emotions(
            item_id=finished.item_id,
            start_seconds=round(start, 3),
            end_seconds=round(end, 3),
            emotion_analysis=insight["emotion_analysis"],
            arc=insight["arc"],
        )

    async def insight(self) -> events.ServerEvent | None:
        """The insight of all turns; None if there was none, or if the service is overloaded."""
        if not self._turns:
            return None
        insight = await self._analyze(self._turns, generate_summary=True)
        return None if insight is None else events.Insight(insight=insight)

    async def _analyze(
        self, turns: Sequence[_Turn], *, generate_summary: bool
    ) -> dict[str, Any] | None:
        recording = _joined(turns)
        try:
            insight = await self._pipeline.analyze(
                recording.transcript.text,
                generate_summary=generate_summary,
                threshold=None,
                recording=recording,
            )
        except SamoError:
            return None
        return self._render(insight)


def _shifted(finished: FinishedTurn, seconds: float) -> Transcript:
    """The transcript with its times counted from the start of the session."""
    transcript = finished.transcript
    return replace(
        transcript,
        text=finished.text,
        segments=tuple(_shift(segment, seconds) for segment in transcript.segments),
        unclear=tuple(
            replace(span, start=span.start + seconds, end=span.end + seconds)
            for span in transcript.unclear
        ),
    )


def _shift(segment: Segment, seconds: float) -> Segment:
    return replace(
        segment,
        start=round(segment.start + seconds, 3),
        end=round(segment.end + seconds, 3),
        words=tuple(
            replace(word, start=round(word.start + seconds, 3), end=round(word.end + seconds, 3))
            for word in segment.words or ()
        ),
        tokens=(),
        token_scores=(),
    )


def _joined(turns: Sequence[_Turn]) -> TranscribedRecording:
    """One recording of several turns."""
    parts = [turn.transcript for turn in turns]
    languages = Counter[str | None]()
    for turn in turns:
        languages[turn.transcript.language] += round(1000 * turn.transcript.speech_seconds)
    seconds = sum(part.duration for part in parts)
    segments = [segment for part in parts for segment in part.segments]
    language = languages.most_common(1)[0][0]
    transcript = Transcript(
        text=" ".join(turn.text for turn in turns if turn.text),
        language=language,
        language_probability=max(p.language_probability for p in parts if p.language == language),
        duration=seconds,
        confidence=sum(part.confidence * part.duration for part in parts) / max(seconds, 1e-3),
        no_speech=all(part.no_speech for part in parts),
        segments=tuple(replace(segment, id=number) for number, segment in enumerate(segments)),
        speech_seconds=sum(part.speech_seconds for part in parts),
        unclear=tuple(span for part in parts for span in part.unclear),
    )
    return TranscribedRecording(transcript, assess_quality(_mean_levels(turns)))


def _mean_levels(turns: Sequence[_Turn]) -> AudioLevels | None:
    """The levels of all turns, by their length."""
    measured = [(turn.transcript.duration, turn.levels) for turn in turns if turn.levels]
    seconds = sum(duration for duration, _ in measured)
    if not seconds:
        return None
    return AudioLevels(
        *(
            sum(duration * value(levels) for duration, levels in measured) / seconds
            for value in (attrgetter("level"), attrgetter("noise"), attrgetter("clipped"))
        )
    )
