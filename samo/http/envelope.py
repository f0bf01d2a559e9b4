"""The error envelope: the one form in which every error is sent."""

from __future__ import annotations

import re
import uuid
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Final, Literal

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response

from runners.errors import AudioTooLong, MalformedRequest, SamoError
from samo.limits import normalize_path
from samo.monitoring import metrics
from samo.monitoring.request_record import note_error

REQUEST_ID_HEADER: Final = "x-request-id"

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

UNKNOWN_FIELD: Final = "(unknown field)"
"""Stands for the name of an unknown field, which may be user text."""

ErrorFormat = Literal["samo", "openai"]
error_format: ContextVar[ErrorFormat] = ContextVar("error_format", default="samo")
"""The form of the errors of the current request."""


def error_format_of(path: str) -> ErrorFormat:
    """OpenAI's form below /v1/, so that OpenAI's clients raise their own exceptions."""
    return "openai" if normalize_path(path).startswith("/v1/") else "samo"


def new_request_id() -> str:
    """A unique id for a request that brings none."""
    return uuid.uuid4().hex


def request_id_of(headers: Headers) -> str:
    """The id that the request brings, or a new one if it is missing or has odd characters."""
    value = headers.get(REQUEST_ID_HEADER, "")
    return value if re.fullmatch(r"[\w.-]{1,128}", value, re.ASCII) else new_request_id()


def error_body(error: SamoError) -> dict[str, Any]:
    """The envelope of an error, in the form of the current request."""
    if error_format.get() == "openai":
        return _openai_error_body(error)
    return {
        "error": {
            "code": error.code,
            "message": _message(error),
            "details": error.details,
            "request_id": request_id.get(),
        }
    }


def _openai_error_body(error: SamoError) -> dict[str, Any]:
    """The fields of OpenAI's errors, and the request id."""
    problems = error.details.get("errors", [])
    field = problems[0]["field"] if problems else error.details.get("field")
    return {
        "error": {
            "message": _message(error),
            "type": _openai_error_type(error.status),
            "param": None if field == UNKNOWN_FIELD else field,
            "code": error.code,
            "request_id": request_id.get(),
        }
    }


def _message(error: SamoError) -> str:
    """What to do; a recording that is too long for a request may be a job."""
    if isinstance(error, AudioTooLong):
        return f"{error.message.removesuffix('.')}, or send it to POST /v1/jobs as it is."
    return error.message


def _openai_error_type(status: int) -> str:
    if status >= 500:
        return "server_error"
    return "rate_limit_error" if status == HTTPStatus.TOO_MANY_REQUESTS else "invalid_request_error"


def error_response(error: SamoError) -> Response:
    """The envelope as a response, counted; with Retry-After if it makes sense to try again."""
    metrics.errors.labels(error.code).inc()
    note_error(error.code)
    response = Response(
        orjson.dumps(error_body(error)), status_code=error.status, media_type="application/json"
    )
    if error.retry_after_seconds is not None:
        response.headers["retry-after"] = str(error.retry_after_seconds)
    return response


class _StatusError(SamoError):
    """An error of the web framework, such as an unknown path or a method that is not allowed."""

    def __init__(self, status: int, message: str | None = None) -> None:
        phrase = HTTPStatus(status).phrase
        super().__init__(message or f"{phrase}.")
        self.status = status  # type: ignore[misc]  # one class for all statuses
        self.code = phrase.lower().replace(" ", "_").replace("-", "_")  # type: ignore[misc]


_STATUS_MESSAGES: Final = {
    400: "The request could not be parsed: send valid JSON, or a valid multipart form.",
    404: "This path does not exist: /openapi.json lists all paths.",
    405: "This path does not take this method: /openapi.json lists the methods.",
    503: "The service is not ready: try again in a few seconds.",
}


def status_error(status: int) -> SamoError:
    """The error for a bare HTTP status."""
    if status == MalformedRequest.status:
        return MalformedRequest(_STATUS_MESSAGES[400])
    return _StatusError(status, _STATUS_MESSAGES.get(status))


def unknown_path(nearest: str | None) -> SamoError:
    """The error for an unknown path; `nearest` is the similar path that the client may mean."""
    error = status_error(404)
    if nearest is not None:
        error.message = f"This path does not exist; did you mean {nearest}?"
        error.details = {"path": nearest}
    return error
