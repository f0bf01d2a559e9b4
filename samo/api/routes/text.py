"""Emotions and summary of a typed text."""

from __future__ import annotations

from fastapi import APIRouter, Response

from samo.api import responses, schemas
from samo.api.parameters import LoadedModels
from samo.api.routing import Route, json_endpoint
from samo.api.serialization import json_response

router = APIRouter(route_class=Route, tags=["text"])


@router.post("/predict", response_model=schemas.PredictResponse)
@json_endpoint
async def predict(models: LoadedModels, body: schemas.PredictRequest) -> Response:
    """Classify a text by GoEmotions' 27 emotions and neutral; explain it where asked to."""
    with responses.Stopwatch() as stopwatch:
        if not body.explain:
            (outcome,), why = await models.pipeline.classify([body.text]), None
        else:
            outcome, why = await models.pipeline.explain(body.text, body.threshold, body.top_k)
    return json_response(
        responses.predict(models.pipeline.calibration, outcome, body, stopwatch, why)
    )


@router.post("/predict_batch", response_model=schemas.PredictBatchResponse)
@json_endpoint
async def predict_batch(models: LoadedModels, body: schemas.PredictBatchRequest) -> Response:
    """Classify up to 128 texts in one call; a text that cannot be used fails alone."""
    with responses.Stopwatch() as stopwatch:
        outcomes = await models.pipeline.classify_each(body.texts)
    return json_response(
        responses.predict_batch(models.pipeline.calibration, outcomes, body, stopwatch)
    )


@router.post("/summarize/text", response_model=schemas.SummaryResponse)
@json_endpoint
async def summarize(models: LoadedModels, body: schemas.SummarizeRequest) -> Response:
    """Bring an entry to its emotional core."""
    summary, entry_prediction = await models.pipeline.summarize(
        body.text, body.max_sentences, body.focus
    )
    return json_response(responses.summary(body.text, summary, entry_prediction))
