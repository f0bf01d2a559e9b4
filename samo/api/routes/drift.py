"""Whether texts and recordings still look like the reference."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from samo.api import drift_responses
from samo.api.parameters import CurrentDrift
from samo.api.routing import Route
from samo.api.schemas import drift as schemas
from samo.api.serialization import json_response
from samo.drift.records import write_reference

router = APIRouter(route_class=Route, tags=["operations"])


@router.get("/monitoring/drift", response_model=schemas.DriftResponse)
async def drift(request: Request, monitor: CurrentDrift) -> Response:
    """Whether texts and recordings still look like the reference: windows, scores and alarms."""
    return json_response(drift_responses.drift(monitor, request.app.state.settings))


@router.get(
    "/monitoring/drift/reference",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
async def drift_reference(monitor: CurrentDrift) -> Response:
    """The present windows as a reference file, for SAMO_DRIFT_REFERENCE: counts, no text."""
    reference = drift_responses.window_as_reference(monitor)
    return Response(write_reference(reference), media_type="application/json")
