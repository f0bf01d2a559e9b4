"""Transcript of a recording."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Response
from pydantic import BeforeValidator

from samo import options
from samo.api import responses, schemas
from samo.api.parameters import CallersModels, Language, Upload
from samo.api.routing import Route
from samo.api.serialization import json_response
from samo.monitoring.request_record import Prediction, note_prediction

router = APIRouter(route_class=Route, tags=["speech"])


@router.post("/transcribe/voice", response_model=schemas.TranscriptionResponse)
async def transcribe(
    models: CallersModels,
    audio_file: Upload,
    language: Language = None,
    task: Annotated[
        Literal["transcribe", "translate"], BeforeValidator(options.normalize_choice), Form()
    ] = "transcribe",
    timestamp: Annotated[bool, Form(description="Return the time of every word too.")] = False,
) -> Response:
    """Transcribe a recording, or translate it into English."""
    recording = await models.pipeline.transcribe(
        await audio_file.read(), language=language, task=task, word_timestamps=timestamp
    )
    note_prediction(Prediction())
    return json_response(responses.transcription(recording, with_words=timestamp))
