"""From the pipeline's dataclasses to the schemas of the HTTP API, and to bytes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

import orjson
from fastapi import Response
from pydantic import BaseModel

import samo
from runners.emotion.calibration import (
    NEUTRAL,
    Emotion,
    EmotionCalibration,
    EmotionPrediction,
    EntryPrediction,
    Probabilities,
)
from runners.errors import SamoError
from samo.api import schemas
from samo.factory import Models
from samo.http.envelope import error_body
from samo.insight.explanation import Explanation
from samo.insight.groupings import Groupings, group
from samo.insight.pipeline import EmotionalCore, Insight, Recording

KEY_EMOTIONS = 3


class Stopwatch:
    """Milliseconds of a `with` block."""

    milliseconds = 0.0

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.milliseconds = (time.perf_counter() - self._start) * 1000


def reply(model: BaseModel) -> Response:
    """A schema as JSON."""
    return Response(model.model_dump_json(), media_type="application/json")


def _json(content: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


def _scores(emotions: Sequence[Emotion]) -> list[dict[str, Any]]:
    return [{"emotion": emotion.name, "confidence": emotion.confidence} for emotion in emotions]


def _by_name(emotions: Sequence[Emotion]) -> dict[str, float]:
    return {emotion.name: emotion.confidence for emotion in emotions}


def predict(
    calibration: EmotionCalibration,
    outcome: Probabilities | SamoError,
    request: schemas.PredictRequest,
    watch: Stopwatch,
    explanations: Sequence[Explanation] | None = None,
) -> Response:
    """`PredictResponse`; raises the text's own error."""
    if isinstance(outcome, SamoError):
        raise outcome
    emotions = calibration.decide(outcome, request.threshold, request.top_k)
    body: dict[str, Any] = {
        "emotions": _scores(emotions),
        "inference_time": f"{watch.milliseconds:.0f}ms",
    }
    if explanations is not None:
        body["explanation"] = [_explanation(explanation) for explanation in explanations]
    if request.groupings:
        body["groupings"] = asdict(group(calibration, outcome))
    return _json(body)


def _explanation(explanation: Explanation) -> dict[str, Any]:
    words = [
        {
            "word": weighted.word.text,
            "start": weighted.word.start,
            "end": weighted.word.end,
            "weight": round(weighted.weight, 4),
        }
        for weighted in explanation.words
    ]
    return {"emotion": explanation.emotion, "words": words}


def predict_batch(
    calibration: EmotionCalibration,
    outcomes: Sequence[Probabilities | SamoError],
    request: schemas.PredictBatchRequest,
    watch: Stopwatch,
) -> Response:
    """`PredictBatchResponse`: a result or an error for each text."""
    results: list[dict[str, Any]] = []
    for outcome in outcomes:
        if isinstance(outcome, SamoError):
            results.append(error_body(outcome))
            continue
        emotions = calibration.decide(outcome, request.threshold, request.top_k)
        results.append({"emotions": _scores(emotions)})
        if request.groupings:
            results[-1]["groupings"] = asdict(group(calibration, outcome))
    return _json({"results": results, "inference_time": f"{watch.milliseconds:.0f}ms"})


def transcription(recording: Recording, *, with_words: bool) -> schemas.TranscriptionResponse:
    """A transcript with its measures."""
    transcript = recording.transcript
    words = len(transcript.text.split())
    spoken_minutes = transcript.speech_seconds / 60
    return schemas.TranscriptionResponse(
        text=transcript.text,
        language=transcript.language,
        language_probability=round(transcript.language_probability, 4),
        confidence=round(transcript.confidence, 4),
        duration=round(transcript.duration, 3),
        word_count=words,
        speaking_rate=round(words / spoken_minutes, 1) if spoken_minutes else 0.0,
        audio_quality=recording.audio_quality,
        no_speech=transcript.no_speech,
        gaps=[
            schemas.RecordingGap(at=round(gap.at, 3), seconds=round(gap.seconds, 3))
            for gap in recording.gaps
        ],
        languages=[
            schemas.SpokenLanguage(language=span.language, start=span.start, end=span.end)
            for span in transcript.languages
        ],
        unclear=[schemas.TimeSpan(start=span.start, end=span.end) for span in transcript.unclear],
        segments=[
            schemas.TranscriptSegment(
                id=segment.id, start=segment.start, end=segment.end, text=segment.text.strip()
            )
            for segment in transcript.segments
        ],
        words=[
            schemas.WordTiming(
                word=word.text.strip(),
                start=word.start,
                end=word.end,
                probability=round(word.probability, 4),
            )
            for segment in transcript.segments
            for word in segment.words or ()
        ]
        if with_words
        else None,
    )


def summary(text: str, core: EmotionalCore, reading: EmotionPrediction) -> schemas.SummaryResponse:
    """A summary with its own feelings and those of the entry that it stands for."""
    feelings = [emotion.name for emotion in reading.emotions if emotion.name != NEUTRAL]
    made = core.summary
    return schemas.SummaryResponse(
        summary=made.text,
        key_emotions=feelings[:KEY_EMOTIONS],
        emotions=_by_name(core.reading.emotions),
        compression_ratio=round(max(0.0, 1 - len(made.text) / len(text)), 4),
        emotional_tone=reading.sentiment,
        method=made.method,
    )


def insight(made: Insight, tags: dict[str, str], watch: Stopwatch) -> schemas.InsightResponse:
    """The insight of an entry, in the shape that clients of the replaced system know."""
    whole = made.whole
    return schemas.InsightResponse(
        transcription=transcription(made.recording, with_words=False) if made.recording else None,
        emotion_analysis=_analysis(whole, made.groupings) if whole and made.groupings else None,
        summary=summary(made.text, made.core, whole.prediction) if made.core and whole else None,
        arc=[
            schemas.ArcPoint(
                start=point.sentence.start,
                end=point.sentence.end,
                text=point.sentence.text,
                start_seconds=point.start_seconds,
                end_seconds=point.end_seconds,
                emotions=[
                    schemas.EmotionScore(**score) for score in _scores(point.reading.emotions)
                ],
                primary_emotion=point.reading.primary.name,
                sentiment=point.reading.sentiment,
                experiencer=point.context.experiencer,
                tense=point.context.tense,
            )
            for point in made.arc
        ],
        processing_time_ms=round(watch.milliseconds, 2),
        timings_ms=made.timings_ms,
        pipeline_status={
            "emotion_detection": whole is not None,
            "text_summarization": made.core is not None,
            "voice_processing": made.recording is not None,
        },
        insights=_facts(made),
        models={
            name: tags[name]
            for name, used in (
                ("transcriber", made.recording),
                ("emotion", whole),
                ("summarizer", made.core),
            )
            if used is not None
        },
        degraded=made.degraded,
    )


def insight_reply(made: Insight, tags: dict[str, str], watch: Stopwatch) -> Response:
    """The insight of an entry as JSON."""
    return reply(insight(made, tags, watch))


def _analysis(whole: EntryPrediction, groupings: Groupings) -> schemas.EmotionAnalysis:
    reading = whole.prediction
    return schemas.EmotionAnalysis(
        emotions=_by_name(reading.emotions),
        emotion_list=[
            schemas.WholeEmotion(
                emotion=emotion.name,
                confidence=emotion.confidence,
                share=whole.shares[emotion.name],
            )
            for emotion in reading.emotions
        ],
        primary_emotion=reading.primary.name,
        confidence=reading.primary.confidence,
        emotional_intensity=whole.level,
        intensity=whole.intensity,
        mixed=whole.mixed,
        sentiment=reading.sentiment,
        sentiments=reading.sentiments,
        ekman=_by_name(groupings.ekman),
        moods=_by_name(groupings.moods),
    )


def _facts(made: Insight) -> dict[str, Any]:
    """Counted facts: nothing here is an opinion."""
    feeling = [point for point in made.arc if point.reading.primary.name != NEUTRAL]
    sentiments = [point.reading.sentiment for point in feeling]
    turns = [
        point.sentence.start
        for before, point in pairwise(feeling)
        if {before.reading.sentiment, point.reading.sentiment} == {"positive", "negative"}
    ]
    return {
        "text_length": len(made.text),
        "word_count": len(made.text.split()),
        "sentence_count": len(made.arc),
        "emotional_sentence_share": round(len(feeling) / len(made.arc), 4) if made.arc else 0.0,
        "turning_points": turns,
        "opening_sentiment": sentiments[0] if sentiments else NEUTRAL,
        "closing_sentiment": sentiments[-1] if sentiments else NEUTRAL,
    }


def health(models: Models) -> schemas.HealthResponse:
    """State of the service."""
    return schemas.HealthResponse(
        status="ok" if models.ready else "starting",
        version=samo.__version__,
        models=dict.fromkeys(models.tags, models.ready),
        uptime_seconds=round(models.uptime_seconds, 1),
    )


def models_status(models: Models) -> Response:
    """What each model was made from, its metrics and licences, its queue."""
    return _json(
        {
            name: {
                "tag": models.tags[name],
                "ready": models.ready,
                "queue_length": batcher.queue_length,
                "metadata": models.metadata[name],
            }
            for name, batcher in models.batchers.items()
        }
    )
