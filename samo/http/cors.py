"""Let browser pages of allowed origins call the service and read its errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from samo.http.envelope import REQUEST_ID_HEADER
from samo.http.response_headers import MODEL_HEADER, VARIANT_HEADER

_EXPOSED_HEADERS: Final = (
    REQUEST_ID_HEADER,
    MODEL_HEADER,
    VARIANT_HEADER,
    "retry-after",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "ratelimit-policy",
    "www-authenticate",
)


class SamoCORSMiddleware(CORSMiddleware):
    """Starlette's middleware, outside of all others, so that every response gets its headers.

    A preflight request from an origin that is not allowed is passed on to the routes, which answer
    it with the error envelope and without CORS headers; Starlette's own response is plain text.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=["DELETE", "GET", "HEAD", "POST"],
            allow_headers=["*"],
            expose_headers=[*_EXPOSED_HEADERS],
            allow_private_network=True,  # the service often runs in the user's own network
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            origin = headers.get("origin", "")
            method = headers.get("access-control-request-method", "")
            if not self.is_allowed_origin(origin) or method not in self.allow_methods:
                await self.simple_response(scope, receive, send, request_headers=headers)
                return
        await super().__call__(scope, receive, send)
