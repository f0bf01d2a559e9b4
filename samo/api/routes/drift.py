"""Whether texts and recordings still look like the reference."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from samo.api import drift_responses
from samo.api.routing import Route
from samo.api.schemas import drift as schemas
from samo.api.serialization import json_response
from samo.drift.creation import DriftOff
from samo.drift.monitor import DriftMonitor
from samo.drift.records import write_reference

router = APIRouter(route_class=Route, tags=["operations"])


async def _refreshed_drift(request: Request) -> DriftMonitor | DriftOff:
    """What `app.set_drift` set, with what other instances have added."""
    drift: DriftMonitor | DriftOff = request.app.state.drift
    if isinstance(drift, DriftMonitor):
        await drift.refresh()
    return drift


Drift = Annotated[DriftMonitor | DriftOff, Depends(_refreshed_drift)]


@router.get("/monitoring/drift", response_model=schemas.DriftResponse)
async def drift(request: Request, monitor: Drift) -> Response:
    """Whether texts and recordings still look like the reference: windows, scores and alarms."""
    return json_response(drift_responses.drift(monitor, request.app.state.settings))


@router.get("/monitoring/drift/reference", response_class=Response)
async def drift_reference(monitor: Drift) -> Response:
    """The present windows as a reference file, for SAMO_DRIFT_REFERENCE: counts, no text."""
    reference = drift_responses.window_as_reference(monitor)
    return Response(write_reference(reference), media_type="application/json")
