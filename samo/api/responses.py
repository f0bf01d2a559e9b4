"""Convert the results of the pipeline to the schemas of the HTTP API; the routes serialize them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any, Final

from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.prediction import NEUTRAL, Emotion, EmotionPrediction
from runners.errors import SamoError
from samo.api import schemas
from samo.api.predictions import note_text
from samo.api.stopwatch import Stopwatch
from samo.http.envelope import error_body
from samo.insight.arc import ArcPoint
from samo.insight.entry import EntryEmotions
from samo.insight.explanation import Explanation
from samo.insight.groupings import group_emotions
from samo.insight.results import Insight, SummarizedText, TranscribedRecording
from samo.insight.summary import SummaryResult
from samo.insight.words import count_words
from samo.monitoring import metrics
from samo.monitoring.request_record import note_prediction

MAX_KEY_EMOTIONS: Final = 3


def predict(
    calibration: EmotionCalibration,
    outcome: Probabilities | SamoError,
    request: schemas.PredictRequest,
    stopwatch: Stopwatch,
    explanations: Sequence[Explanation] | None = None,
) -> schemas.PredictResponse:
    """Return the emotions of a text. Raises `outcome` if it is an error."""
    if isinstance(outcome, SamoError):
        raise outcome
    emotions = _decide(calibration, outcome, request)
    note_text(calibration, outcome, emotions)
    response = schemas.PredictResponse(
        emotions=_scores(emotions),
        inference_time=_inference_time(stopwatch),
    )
    if request.groupings:
        response.groupings = _groupings(calibration, outcome)
    if explanations is not None:
        response.explanation = [_explanation(explanation) for explanation in explanations]
    return response


def predict_batch(
    calibration: EmotionCalibration,
    outcomes: Sequence[Probabilities | SamoError],
    request: schemas.PredictBatchRequest,
    stopwatch: Stopwatch,
) -> schemas.PredictBatchResponse:
    """Return the emotions or the error of each text."""
    return schemas.PredictBatchResponse(
        results=[_batch_item(calibration, outcome, request) for outcome in outcomes],
        inference_time=_inference_time(stopwatch),
    )


def _batch_item(
    calibration: EmotionCalibration,
    outcome: Probabilities | SamoError,
    request: schemas.PredictBatchRequest,
) -> schemas.BatchItem | schemas.BatchItemError:
    if isinstance(outcome, SamoError):
        metrics.errors.labels(outcome.code).inc()
        note_prediction(None)
        return schemas.BatchItemError.model_validate(error_body(outcome))
    emotions = _decide(calibration, outcome, request)
    note_text(calibration, outcome, emotions)
    item = schemas.BatchItem(emotions=_scores(emotions))
    if request.groupings:
        item.groupings = _groupings(calibration, outcome)
    return item


def _decide(
    calibration: EmotionCalibration,
    probabilities: Probabilities,
    request: schemas.PredictRequest | schemas.PredictBatchRequest,
) -> list[Emotion]:
    """Decide which emotions a text has, and count them."""
    emotions = calibration.decide(probabilities, request.threshold, request.top_k)
    metrics.observe_emotions(emotions)
    return emotions


def _inference_time(stopwatch: Stopwatch) -> str:
    return f"{stopwatch.milliseconds:.0f}ms"


def _scores(emotions: Sequence[Emotion]) -> list[schemas.EmotionScore]:
    return [
        schemas.EmotionScore(emotion=emotion.name, confidence=emotion.confidence)
        for emotion in emotions
    ]


def _by_name(emotions: Sequence[Emotion]) -> dict[str, float]:
    return {emotion.name: emotion.confidence for emotion in emotions}


def _groupings(calibration: EmotionCalibration, probabilities: Probabilities) -> schemas.Groupings:
    return schemas.Groupings.model_validate(asdict(group_emotions(calibration, probabilities)))


def _explanation(explanation: Explanation) -> schemas.EmotionExplanation:
    return schemas.EmotionExplanation(
        emotion=explanation.emotion,
        words=[
            schemas.ExplainedWord(
                word=weighted.word.text,
                start=weighted.word.start,
                end=weighted.word.end,
                weight=round(weighted.weight, 4),
            )
            for weighted in explanation.words
        ],
    )


def transcription(
    recording: TranscribedRecording, *, with_words: bool
) -> schemas.TranscriptionResponse:
    """Return a transcript with the measurements of its recording."""
    transcript = recording.transcript
    word_count = count_words(transcript.text)
    spoken_minutes = transcript.speech_seconds / 60
    return schemas.TranscriptionResponse(
        text=transcript.text,
        language=transcript.language,
        language_probability=round(transcript.language_probability, 4),
        confidence=round(transcript.confidence, 4),
        duration=round(transcript.duration, 3),
        word_count=word_count,
        speaking_rate=round(word_count / spoken_minutes, 1) if spoken_minutes else 0.0,
        audio_quality=recording.audio_quality,
        no_speech=transcript.no_speech,
        gaps=[
            schemas.RecordingGap(at=round(gap.start, 3), seconds=round(gap.seconds, 3))
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


def summarized_text(text: str, summarized: SummarizedText) -> schemas.SummarizeResponse:
    """Return the summary of `text`."""
    content = summary(text, summarized.result, summarized.prediction)
    return schemas.SummarizeResponse(**content.model_dump(), degraded=summarized.degraded)


def summary(
    text: str, result: SummaryResult, entry_prediction: EmotionPrediction | None
) -> schemas.SummaryResponse:
    """Return the summary of `text` with its emotions and those of the entry, if they are known."""
    emotions = entry_prediction.emotions if entry_prediction else []
    names = [emotion.name for emotion in emotions if emotion.name != NEUTRAL]
    return schemas.SummaryResponse(
        summary=result.summary.text,
        key_emotions=names[:MAX_KEY_EMOTIONS],
        emotions=_by_name(result.prediction.emotions) if result.prediction else {},
        compression_ratio=round(max(0.0, 1 - len(result.summary.text) / len(text)), 4),
        emotional_tone=entry_prediction.sentiment if entry_prediction else None,
        method=result.summary.method,
    )


def insight(result: Insight, tags: dict[str, str], stopwatch: Stopwatch) -> schemas.InsightResponse:
    """Return the insight of an entry, in the format of the system that SAMO replaces."""
    emotions, recording = result.emotions, result.recording
    return schemas.InsightResponse(
        transcription=transcription(recording, with_words=False) if recording else None,
        emotion_analysis=_analysis(emotions) if emotions else None,
        summary=summary(result.text, result.summary, emotions.prediction if emotions else None)
        if result.summary
        else None,
        arc=[_arc_point(point) for point in result.arc],
        processing_time_ms=round(stopwatch.milliseconds, 2),
        timings_ms=result.timings_ms,
        pipeline_status={
            "emotion_detection": emotions is not None,
            "text_summarization": result.summary is not None,
            "voice_processing": recording is not None,
        },
        insights=_entry_statistics(result),
        models={
            name: tags[name]
            for name, part in (
                ("transcriber", recording),
                ("emotion", emotions),
                ("summarizer", result.summary),
            )
            if part is not None
        },
        degraded=result.degraded,
    )


def _analysis(entry_emotions: EntryEmotions) -> schemas.EmotionAnalysis:
    prediction, groups = entry_emotions.prediction, entry_emotions.groups
    return schemas.EmotionAnalysis(
        emotions=_by_name(prediction.emotions),
        emotion_list=[
            schemas.WholeEmotion(
                emotion=emotion.name,
                confidence=emotion.confidence,
                share=prediction.shares[emotion.name],
            )
            for emotion in prediction.emotions
        ],
        primary_emotion=prediction.primary.name,
        confidence=prediction.primary.confidence,
        emotional_intensity=prediction.intensity_level,
        intensity=prediction.intensity,
        mixed=prediction.mixed,
        sentiment=prediction.sentiment,
        sentiments=prediction.sentiments,
        ekman=_by_name(groups.ekman),
        moods=_by_name(groups.moods),
    )


def _arc_point(point: ArcPoint) -> schemas.ArcPoint:
    sentence, prediction, context = (
        point.emotions.sentence,
        point.emotions.prediction,
        point.emotions.context,
    )
    return schemas.ArcPoint(
        start=sentence.start,
        end=sentence.end,
        text=sentence.text,
        start_seconds=point.start_seconds,
        end_seconds=point.end_seconds,
        emotions=_scores(prediction.emotions),
        primary_emotion=prediction.primary.name,
        sentiment=prediction.sentiment,
        experiencer=context.experiencer,
        tense=context.tense,
    )


def _entry_statistics(result: Insight) -> dict[str, Any]:
    """Counts over an entry and its sentences."""
    sentences = [point.emotions for point in result.arc]
    emotional = [one for one in sentences if one.prediction.primary.name != NEUTRAL]
    sentiments = [one.prediction.sentiment for one in emotional]
    turning_points = [
        one.sentence.start
        for before, one in pairwise(emotional)
        if {before.prediction.sentiment, one.prediction.sentiment} == {"positive", "negative"}
    ]
    return {
        "text_length": len(result.text),
        "word_count": result.word_count,
        "sentence_count": len(sentences),
        "emotional_sentence_share": round(len(emotional) / len(sentences), 4) if sentences else 0.0,
        "turning_points": turning_points,
        "opening_sentiment": sentiments[0] if sentiments else NEUTRAL,
        "closing_sentiment": sentiments[-1] if sentiments else NEUTRAL,
    }
