"""Parameters that several routes share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, File, Form, Request, UploadFile
from pydantic import BeforeValidator

from samo import languages
from samo.audio import READABLE_FORMATS
from samo.drift.creation import DriftOff
from samo.drift.monitor import DriftMonitor
from samo.factory import ModelSet


async def _loaded_models(request: Request) -> ModelSet:
    """The models that `app.set_models` set; `async`, so that FastAPI needs no thread."""
    models: ModelSet = request.app.state.models
    return models


async def _current_drift(request: Request) -> DriftMonitor | DriftOff:
    """What `app.set_drift` set, with what other instances have observed."""
    drift: DriftMonitor | DriftOff = request.app.state.drift
    if isinstance(drift, DriftMonitor):
        await drift.refresh()
    return drift


CurrentDrift = Annotated[DriftMonitor | DriftOff, Depends(_current_drift)]
LoadedModels = Annotated[ModelSet, Depends(_loaded_models)]
Upload = Annotated[UploadFile, File(description=f"{READABLE_FORMATS}.")]
Language = Annotated[
    str | None,
    BeforeValidator(languages.to_code),
    Form(description="ISO 639-1 code, tag or name; detected if left out."),
]
