"""Look models up in the BentoML model store."""

from __future__ import annotations

from pathlib import Path

import bentoml
from bentoml.exceptions import NotFound

from exporting.errors import ExportError


def find_model(name: str) -> bentoml.Model | None:
    """Return the newest model of this name, such as "samo-emotion"; None if there is none."""
    try:
        return bentoml.models.get(f"{name}:latest")
    except NotFound:
        return None


def model_folder(name: str) -> Path:
    """Return the folder of the newest model of this name. Raises `ExportError` if there is none."""
    model = find_model(name)
    if model is None:
        raise ExportError(f"The model store has no {name}: run `make export`.")
    return Path(model.path)
