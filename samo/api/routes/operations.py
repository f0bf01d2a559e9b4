"""State of the service, its models and its metrics."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from samo.api import operation_responses, schemas
from samo.api.parameters import CurrentDrift, LoadedModels
from samo.api.routing import Route
from samo.api.serialization import json_response
from samo.monitoring import metrics

router = APIRouter(route_class=Route, tags=["operations"])


@router.get("/docs.json", include_in_schema=False)
async def docs(request: Request) -> dict[str, Any]:
    """The OpenAPI description, at the path that BentoML's tools read."""
    description: dict[str, Any] = request.app.openapi()
    return description


@router.get("/health", response_model=schemas.HealthResponse)
async def health(models: LoadedModels, request: Request) -> Response:
    """State of the service, for people and dashboards; probes use /livez and /readyz."""
    feedback = operation_responses.feedback_state(request.app.state.feedback)
    return json_response(operation_responses.health(models, feedback))


@router.get("/models/status", response_model=dict[str, schemas.ModelStatus])
async def models_status(models: LoadedModels) -> dict[str, schemas.ModelStatus]:
    """Origin, metrics and licences of each model, and the length of its queue."""
    return operation_responses.models_status(models)


@router.get("/metrics", response_class=Response)
async def prometheus_metrics(_drift: CurrentDrift) -> Response:
    """Counters and timings in Prometheus' text format."""
    return Response(metrics.render(), headers={"content-type": metrics.CONTENT_TYPE})
