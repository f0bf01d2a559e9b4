"""OpenAI's audio API. Its official clients are tests of these routes."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Response, UploadFile

from samo.api import openai_responses, schemas
from samo.api.event_stream import KEEP_ALIVE_SECONDS, EventStream
from samo.api.openai_options import (
    ChunkingField,
    FormatField,
    GranularitiesField,
    IncludeField,
    KeywordsField,
    LanguagesField,
    ModelField,
    OpenAIOptions,
    PromptField,
    StreamField,
    TemperatureField,
)
from samo.api.parameters import Language, LoadedModels, Upload
from samo.api.routing import Route
from samo.factory import ModelSet

router = APIRouter(
    route_class=Route,
    prefix="/v1",
    tags=["speech"],
    responses={
        "4XX": {"model": schemas.OpenAIErrorEnvelope},
        "5XX": {"model": schemas.OpenAIErrorEnvelope},
    },
)


async def _shared_options(
    language: Language = None,
    prompt: PromptField = "",
    keywords: KeywordsField = [],  # noqa: B006  # FastAPI copies the default of a form field
    temperature: TemperatureField = 0.0,
    response_format: FormatField = "json",
    timestamp_granularities: GranularitiesField = [],  # noqa: B006
    include: IncludeField = [],  # noqa: B006
    chunking_strategy: ChunkingField = None,
    stream: StreamField = False,
) -> OpenAIOptions:
    """The parameters that both routes take; `async`, so that FastAPI needs no thread."""
    return OpenAIOptions(
        language=language,
        prompt=prompt,
        keywords=keywords,
        temperature=temperature,
        response_format=response_format,
        granularities=timestamp_granularities,
        include=include,
        chunking_strategy=chunking_strategy,
        stream=stream,
    )


SharedOptions = Annotated[OpenAIOptions, Depends(_shared_options)]


@router.post("/audio/transcriptions")
async def openai_transcriptions(
    models: LoadedModels,
    file: Upload,
    options: SharedOptions,
    model: ModelField = None,
    languages: LanguagesField = [],  # noqa: B006  # FastAPI copies the default of a form field
) -> Response:
    """Transcribe a recording as OpenAI's endpoint does."""
    return await _respond(models, file, replace(options, languages=languages))


@router.post("/audio/translations")
async def openai_translations(
    models: LoadedModels, file: Upload, options: SharedOptions, model: ModelField = None
) -> Response:
    """Translate a recording into English as OpenAI's endpoint does."""
    return await _respond(models, file, replace(options, task="translate"))


async def _respond(models: ModelSet, file: UploadFile, options: OpenAIOptions) -> Response:
    options.check()
    recordings = models.pipeline.recordings
    if options.stream:
        stream = await recordings.stream(await file.read(), options.request, KEEP_ALIVE_SECONDS)
        return EventStream(openai_responses.transcript_events(stream, logprobs=options.logprobs))
    recording = await recordings.transcribe(await file.read(), options.request)
    return openai_responses.transcript_response(recording.transcript, options)


@router.get("/models")
async def openai_models(models: LoadedModels) -> Response:
    """The names that the field `model` usually has, as OpenAI's list."""
    return openai_responses.models(models.tags["transcriber"], models.loaded_at)


@router.get("/models/{name:path}")
async def openai_model(models: LoadedModels, name: str) -> Response:
    """One model of the list."""
    return openai_responses.model(name, models.tags["transcriber"], models.loaded_at)
