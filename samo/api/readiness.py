"""/readyz with the state of each model; BentoML's own route has an empty body."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from samo.api import operation_responses
from samo.api.serialization import json_response

_PATH: Final = "/readyz"


class ReadinessMiddleware:
    """ASGI middleware: answers /readyz once the models are loaded.

    A model that is not ready, or feedback without its database, does not change the status: an
    orchestrator would send no requests, although the rest serves. Until then BentoML answers, with
    503.
    """

    def __init__(self, app: ASGIApp, application: FastAPI) -> None:
        self._app = app
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        models = getattr(self._application.state, "models", None)
        is_probe = (
            scope["type"] == "http"
            and scope["path"] == _PATH
            and scope["method"] in ("GET", "HEAD")
        )
        if not is_probe or models is None or not models.ready:
            await self._app(scope, receive, send)
            return
        feedback = operation_responses.feedback_state(self._application.state.feedback)
        await json_response(operation_responses.readiness(models, feedback))(scope, receive, send)
