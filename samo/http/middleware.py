"""ASGI middleware around every request: request ids, limits, metrics, the error envelope."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from samo.http.exchange import Exchange
from samo.http.receiving import IncomingBody, UploadMemoryBudget
from samo.http.request_log import RequestLog
from samo.http.websockets import WebSocketExchange
from samo.limits import JOBS_PATH, normalize_path
from samo.settings import Settings


class RequestMiddleware:
    """Wraps all routes, including BentoML's.

    It gives each request an id, refuses bodies above the limits (chunked ones too) before they are
    held in memory, cancels the work at the deadline or when the client disconnects, counts and
    times requests, and sends every error in the error envelope. Before it sends an error, it drains
    the request's body. At the end it writes the request's log line.

    Args:
        app: The routes.
        settings: The limits.
        log: Counts and logs each request; by default without names of routes.
    """

    def __init__(self, app: ASGIApp, settings: Settings, log: RequestLog | None = None) -> None:
        self._app = app
        self._settings = settings
        self._log = log or RequestLog(settings)
        self._memory = UploadMemoryBudget(settings.max_uploads_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            body = IncomingBody(receive, scope["path"], headers, self._memory, self._settings)
            exchange = Exchange(scope, headers, body, send, self._deadline_seconds(scope))
            try:
                await exchange.run(self._app)
            finally:
                self._log.observe(scope, headers, exchange.record)
        elif scope["type"] == "websocket":
            headers = Headers(scope=scope)
            socket = WebSocketExchange(scope, headers, receive, send)
            try:
                await socket.run(self._app)
            finally:
                self._log.observe(scope, headers, socket.record)
        else:
            await self._app(scope, receive, send)

    def _deadline_seconds(self, scope: Scope) -> float:
        if scope["method"] == "POST" and normalize_path(scope["path"]) == JOBS_PATH:
            return self._settings.job_upload_seconds
        return self._settings.deadline_seconds
