"""The routes of paths, and paths of no route.

Extra slashes are removed, and the nearest path is suggested for an unknown one.

No response is a redirect: behind a proxy its URL would be wrong, and a client that follows it sends
the recording twice, or to another server.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from samo.http import envelope
from samo.http.websockets import no_websocket
from samo.limits import normalize_path

# BentoML's paths that are served; its web page and the page's scripts are not.
_BENTOML_PATHS: Final = ("/livez", "/readyz", "/healthz", "/schema.json")
# A longer path is not a misspelled one.
_MAX_CHARACTERS: Final = 200
_MIN_SIMILARITY: Final = 0.75


class RouteNames:
    """Names each path by its route, such as "/page/{path}": a path itself may contain user text.

    Args:
        routes: They are read at the first use, because the application adds routes until then.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes

    @cached_property
    def plain_paths(self) -> frozenset[str]:
        """The paths without parameters."""
        return frozenset(path for path in self._paths if "{" not in path)

    def name(self, path: str) -> str:
        """The route of `path`, also if its request was refused before; "other" if it has none."""
        path = normalize_path(path)
        if path in self.plain_paths:
            return path
        return next((name for name, pattern in self._patterns if pattern.match(path)), "other")

    @cached_property
    def _paths(self) -> list[str]:
        paths = [route.path or "" for route in iter_route_contexts(self._routes)]
        return [*paths, *_BENTOML_PATHS] if paths else []

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str]]]:
        return [(path, compile_path(path)[0]) for path in self._paths if "{" in path]


class PathMiddleware:
    """ASGI middleware: normalizes the path of a request, and refuses unknown paths with 404."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], names: RouteNames) -> None:
        self._app = app
        self._routes = routes
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        known_paths = self._names.plain_paths
        is_websocket = scope["type"] == "websocket"
        if is_websocket or scope["path"] not in known_paths:
            path = normalize_path(scope["path"])
            if path != scope["path"]:
                scope["path"], scope["raw_path"] = path, path.encode()
            is_known = path in known_paths
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
        known_paths = sorted(self._names.plain_paths - {"/"}, key=len, reverse=True)
        for known_path in known_paths:  # an extra or a missing prefix: /v1/v1/models, /models
            if path.endswith(known_path) or (known_path.endswith(path) and path != "/"):
                return known_path
        matches = difflib.get_close_matches(path, known_paths, n=1, cutoff=_MIN_SIMILARITY)
        return matches[0] if matches else None
