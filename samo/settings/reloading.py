"""The setting of promoted models; `samo.settings.Settings` inherits it."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings


class ReloadingSettings(BaseSettings):
    """How soon a running service loads a promoted model."""

    model_reload_seconds: float = Field(
        default=10.0,
        ge=0,
        description="How often the service looks for another promoted version of the emotion "
        "model, which it then loads without losing a request. 0: only at its start.",
    )
