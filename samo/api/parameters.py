"""Parameters that several routes share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, File, Form, Request, UploadFile
from pydantic import BeforeValidator

from samo.api import languages
from samo.audio import READABLE_FORMATS
from samo.factory import Models


async def _loaded_models(request: Request) -> Models:
    """The models that `app.set_models` was given; `async`, so that FastAPI starts no thread."""
    models: Models = request.app.state.models
    return models


LoadedModels = Annotated[Models, Depends(_loaded_models)]
Upload = Annotated[UploadFile, File(description=f"{READABLE_FORMATS}.")]
Language = Annotated[
    str | None,
    BeforeValidator(languages.code),
    Form(description="ISO 639-1 code, tag or name; recognized when left out."),
]
