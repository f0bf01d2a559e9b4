"""Which scope of an API key a path needs."""

from __future__ import annotations

from typing import Final

from samo.access.keys import SCOPES, Scope

# Probes, the page and its files, the API's description. They read no entry and compute nothing.
_OPEN: Final = frozenset(
    (
        "/",
        "/docs",
        "/docs.json",
        "/health",
        "/healthz",
        "/livez",
        "/openapi.json",
        "/page",
        "/readyz",
        "/schema.json",
        "/sw.js",
    )
)
# By path, or by the first parts of a path.
_SCOPES: Final[dict[str, Scope]] = {
    "/analyze/journal": "text",
    "/analyze/voice-journal": "speech",
    "/feedback": "feedback",
    "/insights": "text",
    "/metrics": "monitoring",
    "/models/status": "monitoring",
    "/monitoring": "monitoring",
    "/predict": "text",
    "/predict_batch": "text",
    "/summarize": "text",
    "/transcribe": "speech",
    "/v1/audio": "speech",
    "/v1/jobs": "jobs",
    "/v1/models": "speech",
    "/v1/realtime": "live",
}
_ALL: Final = frozenset(SCOPES)


def required_scopes(path: str) -> frozenset[Scope]:
    """The scopes that a normalized path needs; none if it is open to everybody.

    A path that is not in the table needs all scopes, so that a new route is closed until it has a
    row here.
    """
    while True:
        if path in _OPEN:
            return frozenset()
        if path in _SCOPES:
            return frozenset((_SCOPES[path],))
        path = path.rpartition("/")[0]
        if not path:
            return _ALL
