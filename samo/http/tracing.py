"""ASGI middleware: a span around each request. It is only installed if traces are sent."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samo.http.paths import RouteNames
from samo.http.probes import PROBES
from samo.monitoring import tracing

# Other methods may be user text.
_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_OTHER_METHOD: Final = "_OTHER"
_TRACE_HEADERS: Final = ("traceparent", "tracestate")


class TracingMiddleware:
    """Creates the span of a request, which is current while the request is served.

    It is outside of `RequestMiddleware`, so that errors are in the span as they are sent. Probes
    have no spans.

    Args:
        app: The routes, with all other middleware of requests.
        names: Names the route of a path.
    """

    def __init__(self, app: ASGIApp, names: RouteNames) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        status = 0
        # the route, not the path: a path may contain user text
        route = self._names.name(scope["path"])

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else _OTHER_METHOD
        headers = Headers(scope=scope)
        parents = {name: headers[name] for name in _TRACE_HEADERS if name in headers}
        with tracing.request(method, parents) as span:
            await self._app(scope, receive, send_and_note)
            if span is not None:
                span.set_response(route, status)
