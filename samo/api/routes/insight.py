"""Insight of an entry, typed or spoken."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from samo.api import responses, schemas
from samo.api.parameters import CallersModels, Language, Upload
from samo.api.predictions import note_insight
from samo.api.routing import Route, json_endpoint
from samo.api.serialization import json_response
from samo.api.stopwatch import Stopwatch
from samo.insight.threads import run_in_thread

router = APIRouter(route_class=Route, tags=["insight"])


@router.post("/analyze/journal", response_model=schemas.InsightResponse)
@json_endpoint
async def analyze_journal(models: CallersModels, body: schemas.JournalRequest) -> Response:
    """The insight of a typed entry: emotions, their arc, the summary."""
    with Stopwatch() as stopwatch:
        insight = await models.pipeline.analyze(
            body.text,
            generate_summary=body.generate_summary,
            threshold=body.emotion_threshold,
        )
    note_insight(insight)
    return await run_in_thread(
        len(body.text),
        lambda: json_response(responses.insight(insight, models.tags, stopwatch)),
    )


@router.post("/analyze/voice-journal", response_model=schemas.InsightResponse)
async def analyze_voice_journal(
    models: CallersModels,
    audio_file: Upload,
    language: Language = None,
    generate_summary: Annotated[bool, Form()] = True,
    emotion_threshold: Annotated[float | None, Form(ge=0.0, le=1.0)] = None,
) -> Response:
    """The insight of a spoken entry, with its transcript."""
    with Stopwatch() as stopwatch:
        insight = await models.pipeline.analyze_recording(
            await audio_file.read(),
            language=language,
            generate_summary=generate_summary,
            threshold=emotion_threshold,
        )
    note_insight(insight)
    return json_response(responses.insight(insight, models.tags, stopwatch))
