"""The one error envelope: every refusal and every failure is answered in it."""

from __future__ import annotations

from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.responses import Response

from runners.errors import MalformedRequest, Overloaded, SamoError

REQUEST_ID_HEADER: Final = "x-request-id"

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def error_body(error: SamoError) -> dict[str, Any]:
    """The envelope of an error."""
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "details": error.details,
            "request_id": request_id.get(),
        }
    }


def error_response(error: SamoError) -> Response:
    """The envelope as an answer, with Retry-After where there is a queue to wait for."""
    response = Response(
        orjson.dumps(error_body(error)), status_code=error.status, media_type="application/json"
    )
    if isinstance(error, Overloaded):
        response.headers["retry-after"] = str(error.retry_after_seconds)
    return response


class _StatusError(SamoError):
    """An error of the framework's: a path that is not there, a method that is not allowed."""

    def __init__(self, status: int, message: str | None = None) -> None:
        phrase = HTTPStatus(status).phrase
        super().__init__(message or f"{phrase}.")
        self.status = status  # type: ignore[misc]  # one class for all of the framework's
        self.code = phrase.lower().replace(" ", "_").replace("-", "_")  # type: ignore[misc]


_STATUS_MESSAGES: Final = {
    400: "The request could not be read: send valid JSON, or a valid multipart form.",
    404: "There is nothing at this path: /openapi.json lists what there is.",
    405: "This path does not take this method: /openapi.json lists which it takes.",
    503: "The service is not ready: try again in a few seconds.",
}


def status_error(status: int) -> SamoError:
    """The error for a bare HTTP status."""
    if status == MalformedRequest.status:
        return MalformedRequest(_STATUS_MESSAGES[400])
    return _StatusError(status, _STATUS_MESSAGES.get(status))


def unknown_path(nearest: str | None) -> SamoError:
    """The error for a path that is not there, and `nearest`, the one of ours that may be meant."""
    error = status_error(404)
    if nearest is not None:
        error.message = f"There is nothing at this path; did you mean {nearest}?"
        error.details = {"path": nearest}
    return error
