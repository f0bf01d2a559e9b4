"""What a journal's emotions did over time."""

from __future__ import annotations

from fastapi import APIRouter, Response

from samo.api import trend_responses
from samo.api.parameters import CallersModels
from samo.api.routing import Route, json_endpoint
from samo.api.schemas import trends as schemas
from samo.insight.threads import run_in_background

router = APIRouter(route_class=Route, tags=["insight"])


@router.post("/insights/trends", response_model=schemas.TrendsResponse)
@json_endpoint
async def trends(_models: CallersModels, body: schemas.TrendsRequest) -> Response:
    """Changes, weekday and hour patterns of a journal's emotions and moods; nothing is stored."""
    return await run_in_background(trend_responses.respond, body)
