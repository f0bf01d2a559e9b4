"""State of the service and its models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from runners.health import ModelState

FeedbackState = Annotated[
    Literal["off", "ready", "unavailable"],
    Field(
        description="Whether feedback is stored: `unavailable` if its database cannot be used, and "
        "the log says why."
    ),
]


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
    feedback: FeedbackState = "off"


class HealthResponse(BaseModel):
    """State of the service."""

    status: Literal["ok", "degraded", "starting"] = Field(
        description="`degraded` if a model is not ready, or the database of feedback unavailable."
    )
    version: str
    models: dict[str, bool] = Field(description="Whether each model is ready.")
    feedback: FeedbackState = "off"
    uptime_seconds: float
