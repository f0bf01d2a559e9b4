"""Convert the state of the models to the schemas of the HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import samo
from samo.api import schemas
from samo.api.schemas.operations import FeedbackState
from samo.factory import ModelSet

if TYPE_CHECKING:
    from samo.feedback.service import Feedback


def health(models: ModelSet, feedback: FeedbackState) -> schemas.HealthResponse:
    """Return the state of the service."""
    ready = {
        name: models.ready and one.state == "ready" for name, one in models.all_batchers.items()
    }
    status: Literal["ok", "degraded"] = (
        "ok" if all(ready.values()) and feedback != "unavailable" else "degraded"
    )
    return schemas.HealthResponse(
        status=status if models.ready else "starting",
        version=samo.__version__,
        models=ready,
        feedback=feedback,
        uptime_seconds=round(models.uptime_seconds, 1),
    )


def readiness(models: ModelSet, feedback: FeedbackState) -> schemas.ReadinessResponse:
    """Return the state of each model."""
    states = {name: batcher.state for name, batcher in models.all_batchers.items()}
    all_ready = all(state == "ready" for state in states.values()) and feedback != "unavailable"
    return schemas.ReadinessResponse(
        status="ready" if all_ready else "degraded", models=states, feedback=feedback
    )


def feedback_state(feedback: Feedback | None) -> FeedbackState:
    """Return whether feedback is stored."""
    if feedback is None:
        return "off"
    return "ready" if feedback.problem is None else "unavailable"


def models_status(models: ModelSet) -> dict[str, schemas.ModelStatus]:
    """Return the tag, the queue length and the stored metadata of each model."""
    return {
        name: schemas.ModelStatus(
            tag=models.tags[name],
            ready=models.ready and batcher.state == "ready",
            state=batcher.state,
            queue_length=batcher.queue_length,
            metadata=models.metadata[name],
        )
        for name, batcher in models.all_batchers.items()
    }
