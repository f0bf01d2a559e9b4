"""State of the service and its models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from runners.health import ModelState


class ModelStatus(BaseModel):
    """A model in the service."""

    tag: str = Field(description="Tag in the BentoML model store.")
    ready: bool = Field(description="Whether `state` is `ready`.")
    state: ModelState = Field(
        description="`failing`: the last inputs raised errors; `stuck`: it does not return from a "
        "computation; `unavailable`: it could not be loaded; `ready` otherwise."
    )
    queue_length: int
    metadata: dict[str, Any] = Field(description="As written by `export_models.py`.")


class ReadinessResponse(BaseModel):
    """Whether the service accepts requests, and which models compute."""

    status: Literal["ready", "degraded"]
    models: dict[str, ModelState]


class HealthResponse(BaseModel):
    """State of the service."""

    status: Literal["ok", "degraded", "starting"] = Field(
        description="`degraded` if a model is not ready."
    )
    version: str
    models: dict[str, bool] = Field(description="Whether each model is ready.")
    uptime_seconds: float
