"""Convert the state of the models to the schemas of the HTTP API."""

from __future__ import annotations

from typing import Literal

import samo
from samo.api import schemas
from samo.factory import ModelSet


def health(models: ModelSet) -> schemas.HealthResponse:
    """Return the state of the service."""
    states = {name: batcher.state for name, batcher in models.all_batchers.items()}
    ready = {name: models.ready and state == "ready" for name, state in states.items()}
    status: Literal["ok", "degraded"] = "ok" if all(ready.values()) else "degraded"
    return schemas.HealthResponse(
        status=status if models.ready else "starting",
        version=samo.__version__,
        models=ready,
        uptime_seconds=round(models.uptime_seconds, 1),
    )


def readiness(models: ModelSet) -> schemas.ReadinessResponse:
    """Return the state of each model."""
    states = {name: batcher.state for name, batcher in models.all_batchers.items()}
    all_ready = all(state == "ready" for state in states.values())
    return schemas.ReadinessResponse(status="ready" if all_ready else "degraded", models=states)


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
