"""Parameters that several routes share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, File, Form, Request, UploadFile
from pydantic import BeforeValidator
from starlette.requests import HTTPConnection

from samo import languages
from samo.audio import READABLE_FORMATS
from samo.drift.creation import DriftOff
from samo.drift.monitor import DriftMonitor
from samo.experiment import Experiment
from samo.factory import ModelSet
from samo.monitoring.request_record import note_emotion_model


def models_for(connection: HTTPConnection) -> ModelSet:
    """The models that answer a request: those that serve, or those of its caller's variant."""
    experiment: Experiment | None = connection.app.state.experiment
    if experiment is not None:
        return experiment.models_for(connection)
    models: ModelSet = connection.app.state.models
    note_emotion_model(models.tags["emotion"])
    return models


async def _callers_models(request: Request) -> ModelSet:
    """As `models_for`; `async`, so that FastAPI needs no thread."""
    return models_for(request)


async def _loaded_models(request: Request) -> ModelSet:
    """The models that `app.set_models` set, which are those of variant a."""
    models: ModelSet = request.app.state.models
    return models


async def _current_drift(request: Request) -> DriftMonitor | DriftOff:
    """What `app.set_drift` set, with what other instances have observed."""
    drift: DriftMonitor | DriftOff = request.app.state.drift
    if isinstance(drift, DriftMonitor):
        await drift.refresh()
    return drift


CurrentDrift = Annotated[DriftMonitor | DriftOff, Depends(_current_drift)]
CallersModels = Annotated[ModelSet, Depends(_callers_models)]
LoadedModels = Annotated[ModelSet, Depends(_loaded_models)]
Upload = Annotated[UploadFile, File(description=f"{READABLE_FORMATS}.")]
Language = Annotated[
    str | None,
    BeforeValidator(languages.to_code),
    Form(description="ISO 639-1 code, tag or name; detected if left out."),
]
