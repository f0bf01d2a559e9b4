"""Emotions and summary of a typed text."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Response

from runners.emotion.calibration import Probabilities
from runners.errors import SamoError
from samo.api import responses, schemas
from samo.api.parameters import CallersModels
from samo.api.routing import Route, json_endpoint
from samo.api.serialization import json_response
from samo.api.stopwatch import Stopwatch
from samo.insight.explanation import Explanation
from samo.insight.pipeline import Pipeline
from samo.monitoring.request_record import Prediction, note_prediction

router = APIRouter(route_class=Route, tags=["text"])


@router.post("/predict", response_model=schemas.PredictResponse)
@json_endpoint
async def predict(models: CallersModels, body: schemas.PredictRequest) -> Response:
    """Classify a text by GoEmotions' 27 emotions and neutral; `explain` returns their words too."""
    with Stopwatch() as stopwatch:
        outcome, explanations = await _classify(models.pipeline, body)
    return json_response(
        responses.predict(models.pipeline.calibration, outcome, body, stopwatch, explanations)
    )


async def _classify(
    pipeline: Pipeline, body: schemas.PredictRequest
) -> tuple[Probabilities | SamoError, Sequence[Explanation] | None]:
    if body.explain:
        return await pipeline.explain(body.text, body.threshold, body.top_k)
    (outcome,) = await pipeline.classify([body.text])
    return outcome, None


@router.post("/predict_batch", response_model=schemas.PredictBatchResponse)
@json_endpoint
async def predict_batch(models: CallersModels, body: schemas.PredictBatchRequest) -> Response:
    """Classify up to 128 texts in one call; an invalid text gets its own error."""
    with Stopwatch() as stopwatch:
        outcomes = await models.pipeline.classify_each(body.texts)
    return json_response(
        responses.predict_batch(models.pipeline.calibration, outcomes, body, stopwatch)
    )


@router.post("/summarize/text", response_model=schemas.SummarizeResponse)
@json_endpoint
async def summarize(models: CallersModels, body: schemas.SummarizeRequest) -> Response:
    """Summarize an entry: what happened and how it felt."""
    summarized = await models.pipeline.summarize(body.text, body.max_sentences, body.focus)
    note_prediction(Prediction())
    return json_response(responses.summarized_text(body.text, summarized))
