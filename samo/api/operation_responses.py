"""Convert the state of the models to the schemas of the HTTP API."""

from __future__ import annotations

import samo
from samo.api import schemas
from samo.factory import ModelSet


def health(models: ModelSet) -> schemas.HealthResponse:
    """Return the state of the service."""
    return schemas.HealthResponse(
        status="ok" if models.ready else "starting",
        version=samo.__version__,
        models=dict.fromkeys(models.tags, models.ready),
        uptime_seconds=round(models.uptime_seconds, 1),
    )


def models_status(models: ModelSet) -> dict[str, schemas.ModelStatus]:
    """Return the tag, the queue length and the stored metadata of each model."""
    return {
        name: schemas.ModelStatus(
            tag=models.tags[name],
            ready=models.ready,
            queue_length=batcher.queue_length,
            metadata=models.metadata[name],
        )
        for name, batcher in models.batchers.items()
    }
