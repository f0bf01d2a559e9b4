"""The OpenAPI description: FastAPI's, with examples, errors by route, and the key field.

`docs/openapi.json` is a copy; `make openapi` renews it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import APIRouter, FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from samo.access.scopes import required_scopes
from samo.api import error_examples
from samo.api.routing import Route
from samo.http.envelope import error_format_of
from samo.limits import JOBS_PATH

# For each path, or operation of a path with several, {"request": …, "response": …} as the service
# with its models answered it; `python -m tests.e2e.update_openapi_examples` asks it again.
EXAMPLES: Final = Path(__file__).with_name("examples.json")

_DESCRIPTION: Final = """
Send a spoken entry to `/analyze/voice-journal`, a typed one to `/analyze/journal`; the other routes
give one step each; `/v1/jobs` takes recordings of hours. Nothing of an entry is logged or stored,
except for a job and its result, for an hour, and for what is sent with consent to `/feedback`, if
that is on.

Every answer from 400 up has one body, `{"error": {"code", "message", "details", "request_id"}}`;
below `/v1/` it is that of OpenAI's API. `code` is for programs, `message` says what to do. An
option that is blank or null counts as left out; a field that a route does not know is refused with
422.

Speech is transcribed while it is spoken over a WebSocket, `/v1/realtime?intent=transcription`;
`/v1/realtime/client_secrets` describes it.

Also answered, by BentoML: `GET /livez` (the process runs) and `GET /readyz` (the models have
answered their warm-up), for probes.
"""
_TAGS: Final = {
    "insight": "A whole entry: transcript, emotions, their arc, the summary.",
    "text": "One step for texts: emotions, or a summary.",
    "speech": "Recordings: a transcript in our form, and OpenAI's audio API.",
    "jobs": "Recordings of up to three hours, analysed in the background.",
    "live": "Speech while it is spoken, over a WebSocket.",
    "feedback": "What people say about predictions; off unless `SAMO_FEEDBACK_URL` is set.",
    "operations": "State of the service and of its models.",
}
_EMOTION_PATHS: Final = (
    "/analyze/journal",
    "/analyze/voice-journal",
    "/predict",
    "/predict_batch",
    "/summarize/text",
)
_EMOTION_HEADERS: Final = {
    "X-SAMO-Model": {
        "description": "Tag of the emotion model that was asked.",
        "schema": {"type": "string"},
    },
    "X-SAMO-Variant": {
        "description": "Variant of the A/B experiment to which the caller belongs; not sent "
        "without an experiment.",
        "schema": {"type": "string", "enum": ["a", "b"]},
    },
}
_KEY: Final = (
    "Needed if the service has API keys, or if a gateway in front of it asks for one. It may also "
    "be sent as X-API-Key. OpenAI's clients always send a key; a service without keys ignores it."
)


def install(app: FastAPI) -> None:
    """Have `app` serve this description at /openapi.json, and return it from `app.openapi()`."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    async def serve() -> Response:
        return JSONResponse(app.openapi())

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
    # FastAPI's own route is one of Starlette's, which the log and the metrics do not see
    router = APIRouter(route_class=Route, include_in_schema=False)
    router.add_api_route("/openapi.json", serve)
    app.include_router(router)


def describe(app: FastAPI) -> dict[str, Any]:
    """Describe the routes of `app`."""
    description = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=_DESCRIPTION.strip(),
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
    )
    components = description["components"]
    _join_lines(description)
    components["responses"] = error_examples.responses()
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": _KEY},
    }
    description["security"] = [{}, {"key": []}]
    examples = orjson.loads(EXAMPLES.read_bytes())
    for path, operation in operations(description):
        _add_title(operation)
        if not required_scopes(path):
            operation["security"] = []
        _add_errors(path, operation)
        if path in _EMOTION_PATHS:
            operation["responses"]["200"]["headers"] = _EMOTION_HEADERS
        example = examples.get(operation["operationId"]) or examples.get(path, {})
        _add_examples(operation, example)
    for name, schema in components["schemas"].items():
        if name.startswith("Body_"):  # a multipart form
            for field in schema["properties"].values():
                _fit_form(field)
    return description


def _join_lines(node: Any) -> None:
    """Join the lines of each paragraph of all descriptions: Swagger UI shows every line break."""
    if isinstance(node, dict):
        text = node.get("description")
        if isinstance(text, str):
            paragraphs = text.split("\n\n")
            node["description"] = "\n\n".join(" ".join(part.split()) for part in paragraphs)
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            _join_lines(child)


def operations(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation with its path."""
    for path, methods in description["paths"].items():
        for operation in methods.values():
            yield path, operation


def _add_title(operation: dict[str, Any]) -> None:
    """The docstring's first line is the title, in place of the function's name."""
    title, _, rest = operation.pop("description", "").partition("\n")
    operation["summary"] = title.rstrip(".").replace("`", "")  # plain text there
    if rest.strip():
        operation["description"] = rest.strip()


def _add_errors(path: str, operation: dict[str, Any]) -> None:
    content = operation.get("requestBody", {}).get("content", {})
    if path == "/feedback":
        kind = "Feedback"
    elif path.startswith("/feedback/"):
        kind = "User"
    elif "application/json" in content:
        kind = "Json"
    elif content:
        kind = "Upload"
    elif path.startswith(f"{JOBS_PATH}/"):
        kind = "Job"
    elif not required_scopes(path):
        kind = "Open"
    elif path == "/monitoring/drift/reference":
        kind = "Window"
    else:
        kind = "Model" if "parameters" in operation else "Read"
    operation["responses"] |= error_examples.references(kind, error_format_of(path))


def _add_examples(operation: dict[str, Any], example: dict[str, Any]) -> None:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None and "request" in example:
        body["example"] = example["request"]
    if "response" in example:
        media_type = "application/json"
        if isinstance(example["response"], str):
            media_type = "text/plain"
        status = next(status for status in operation["responses"] if status.startswith("2"))
        content = operation["responses"][status].setdefault("content", {})
        content.setdefault(media_type, {})["example"] = example["response"]


def _fit_form(field: dict[str, Any]) -> None:
    """Describe a form's field so that Swagger UI sends what the reader entered, and no more.

    It shows a file field for uploads in OpenAPI 3.0's spelling alone, and fills in a sample where
    an optional field has no default. A form holds no null.
    """
    if field.get("contentMediaType") == "application/octet-stream":
        field["format"] = "binary"
    kinds = [kind for kind in field.pop("anyOf", []) if kind != {"type": "null"}]
    if kinds:
        field |= kinds[0]
        field.setdefault("default", "")
