"""Paths as clients write them: extra slashes are passed over, near misses get a hint.

No answer is a redirect: behind a proxy its address would be wrong, and a client that follows it
sends the recording twice, or to nowhere.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from samo.http import envelope
from samo.limits import without_extra_slashes

# BentoML's own; what else it has (its web page and the page's scripts) is not served.
_BENTOML_PATHS: Final = ("/livez", "/readyz", "/healthz", "/schema.json")
# A longer path is no typing error.
_MAX_CHARACTERS: Final = 200


class Paths:
    """ASGI middleware: brings a path to the form of the routes, and answers the unknown ones."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes
        self._known: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not self._known:  # the routes are complete once requests come
            paths = [route.path or "" for route in iter_route_contexts(self._routes)]
            self._known = frozenset(path for path in [*paths, *_BENTOML_PATHS] if "{" not in path)
        if scope["path"] not in self._known:
            path = without_extra_slashes(scope["path"])
            if path != scope["path"]:
                scope["path"], scope["raw_path"] = path, path.encode()
            if path not in self._known and not self._matches(scope):
                await envelope.error_response(envelope.unknown_path(self.nearest(path)))(
                    scope, receive, send
                )
                return
        await self._app(scope, receive, send)

    def _matches(self, scope: Scope) -> bool:
        return any(route.matches(scope)[0] is not Match.NONE for route in self._routes)

    def nearest(self, path: str) -> str | None:
        """The path of ours that `path` is likely to mean."""
        if len(path) > _MAX_CHARACTERS:
            return None
        given = without_extra_slashes(path.strip().lower())
        known = sorted(self._known - {"/"}, key=len, reverse=True)
        for ours in known:  # a prefix too many or too few, as in /v1/v1/models and /models
            if given.endswith(ours) or (ours.endswith(given) and given != "/"):
                return ours
        near = difflib.get_close_matches(given, known, n=1, cutoff=0.75)
        return near[0] if near else None
