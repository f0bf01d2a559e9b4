"""Where the model store keeps a model."""

from __future__ import annotations

from pathlib import Path

import bentoml


def stored_folder(name: str) -> Path:
    """Folder of the newest model with this name. Raises bentoml's `NotFound`."""
    return Path(bentoml.models.get(f"{name}:latest").path)
