"""State of the service and its models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class ModelStatus(BaseModel):
    """A model in the service."""

    tag: str = Field(description="Tag in the BentoML model store.")
    ready: bool
    queue_length: int
    metadata: dict[str, Any] = Field(description="As written by `export_models.py`.")


class HealthResponse(BaseModel):
    """State of the service."""

    status: Literal["ok", "starting"]
    version: str
    models: dict[str, bool]
    uptime_seconds: float
