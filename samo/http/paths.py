"""Normalize request paths: remove extra slashes, suggest the nearest path for an unknown one.

No response is a redirect: behind a proxy its URL would be wrong, and a client that follows it sends
the recording twice, or to another server.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from samo.http import envelope
from samo.http.websockets import no_websocket
from samo.limits import normalize_path

# BentoML's paths that are served; its web page and the page's scripts are not.
_BENTOML_PATHS: Final = ("/livez", "/readyz", "/healthz", "/schema.json")
# A longer path is not a misspelled one.
_MAX_CHARACTERS: Final = 200
_MIN_SIMILARITY: Final = 0.75


class PathMiddleware:
    """ASGI middleware: normalizes the path of a request, and refuses unknown paths with 404."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes
        self._known_paths: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if not self._known_paths:  # the routes are complete when the first request arrives
            paths = [route.path or "" for route in iter_route_contexts(self._routes)]
            self._known_paths = frozenset(
                path for path in [*paths, *_BENTOML_PATHS] if "{" not in path
            )
        is_websocket = scope["type"] == "websocket"
        if is_websocket or scope["path"] not in self._known_paths:
            path = normalize_path(scope["path"])
            if path != scope["path"]:
                scope["path"], scope["raw_path"] = path, path.encode()
            is_known = path in self._known_paths
            if (is_websocket or not is_known) and not self._matches(scope):
                error = no_websocket() if is_known else envelope.unknown_path(self.nearest(path))
                await envelope.error_response(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _matches(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is not Match.NONE for route in self._routes)

    def nearest(self, path: str) -> str | None:
        """The known path that `path` probably means."""
        if len(path) > _MAX_CHARACTERS:
            return None
        path = normalize_path(path.strip().lower())
        known_paths = sorted(self._known_paths - {"/"}, key=len, reverse=True)
        for known_path in known_paths:  # an extra or a missing prefix: /v1/v1/models, /models
            if path.endswith(known_path) or (known_path.endswith(path) and path != "/"):
                return known_path
        matches = difflib.get_close_matches(path, known_paths, n=1, cutoff=_MIN_SIMILARITY)
        return matches[0] if matches else None
