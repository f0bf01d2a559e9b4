"""The routes, a module for each subject. A new module is added to `ROUTERS`."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from samo.api.routes import (
    drift,
    feedback,
    insight,
    jobs,
    live,
    openai,
    operations,
    speech,
    text,
    trends,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    text.router,
    speech.router,
    insight.router,
    trends.router,
    openai.router,
    jobs.uploads,
    jobs.router,
    live.router,
    feedback.router,
    operations.router,
    drift.router,
)
"""In the order of the OpenAPI description."""
