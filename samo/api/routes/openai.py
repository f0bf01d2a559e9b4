"""OpenAI's audio API: its official clients work against these routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from samo.api import openai_format
from samo.api.parameters import Language, LoadedModels, Upload
from samo.api.routing import Route

router = APIRouter(route_class=Route, prefix="/v1", tags=["speech"])

Model = Annotated[str | None, Form(description="Any name; the service has one model.")]


@router.post("/audio/transcriptions")
async def openai_transcriptions(
    models: LoadedModels,
    file: Upload,
    model: Model = None,
    language: Language = None,
    response_format: Annotated[openai_format.ResponseFormat, Form()] = "json",
    timestamp_granularities: Annotated[
        list[openai_format.Granularity], Form(alias="timestamp_granularities[]")
    ] = [],  # noqa: B006  # FastAPI copies a form's default
    stream: Annotated[bool, Form(description="Answer with server-sent events.")] = False,
) -> Response:
    """Transcribe as OpenAI's endpoint does; its official clients work against this."""
    openai_format.check_options(response_format, timestamp_granularities, stream)
    recording = await models.pipeline.transcribe(
        await file.read(),
        language=language,
        task="transcribe",
        word_timestamps="word" in timestamp_granularities,
    )
    if stream:
        return openai_format.render_events(recording.transcript)
    return openai_format.render(recording.transcript, response_format, timestamp_granularities)


@router.post("/audio/translations")
async def openai_translations(
    models: LoadedModels,
    file: Upload,
    model: Model = None,
    language: Language = None,
    response_format: Annotated[openai_format.ResponseFormat, Form()] = "json",
) -> Response:
    """Translate a recording into English as OpenAI's endpoint does."""
    recording = await models.pipeline.transcribe(
        await file.read(), language=language, task="translate", word_timestamps=False
    )
    return openai_format.render(recording.transcript, response_format, task="translate")


@router.get("/models")
async def openai_models(models: LoadedModels) -> Response:
    """The names that a transcription may ask for, in the form of OpenAI's list."""
    return openai_format.models(models.tags["transcriber"], models.loaded_at)


@router.get("/models/{name:path}")
async def openai_model(models: LoadedModels, name: str) -> Response:
    """One of these names, in the form of OpenAI's list."""
    return openai_format.model(name, models.tags["transcriber"], models.loaded_at)
