"""An example of each refusal and failure, for the description at /openapi.json.

The messages are the service's own, with the default limits.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

from runners import errors
from samo import limits
from samo.http.envelope import ErrorFormat, error_body, error_format, request_id

_DEADLINE_SECONDS: Final = 290

_EXAMPLES: Final = (
    errors.MalformedRequest("The body is not valid JSON: expected ident at line 1 column 2."),
    errors.InvalidApiKey("An API key is needed: send it as Authorization: Bearer or as X-API-Key."),
    errors.InsufficientScope(
        "This API key does not permit this route: use a key with the scope monitoring.",
        scope="monitoring",
    ),
    errors.OriginNotAllowed(
        "Web pages of other origins may not use the service: add the page's origin to "
        "SAMO_CORS_ORIGINS."
    ),
    errors.UnknownModel("There is no model of this name: /v1/models lists them."),
    errors.JobNotFound(
        "There is no job of this id, or it was made with another API key: check both."
    ),
    errors.JobNotDone(
        "The job is running: it has a result when its state is done.", state="running"
    ),
    errors.JobGone(
        "The job and its result are deleted: results are kept for 3600 s. Send the recording "
        "again.",
        kept_seconds=3600,
    ),
    errors.DriftUnavailable(
        "The windows have too few texts and recordings for a reference: try again later, or lower "
        "SAMO_DRIFT_WINDOW."
    ),
    errors.FeedbackOff("Feedback is off: set SAMO_FEEDBACK_URL to the database that stores it."),
    errors.AnswerNotFound(
        "There is no prediction with this request id: send the X-Request-ID of a response of "
        "/analyze, /predict, /summarize or /transcribe, with the same API key, within 7 days.",
        kept_days=7,
    ),
    errors.FeedbackUnavailable(
        "The database of feedback does not answer. Try again after the time in Retry-After."
    ),
    errors.RequestTimeout(
        "The body stopped arriving: send at least 4096 bytes per second, without a pause of 20 s."
    ),
    errors.AudioTooLong(
        f"The recording is longer than {limits.MAX_AUDIO_SECONDS:g} s: divide it into parts.",
        max_seconds=limits.MAX_AUDIO_SECONDS,
    ),
    errors.UnsupportedMediaType("Send a JSON object, with Content-Type: application/json."),
    errors.UnsupportedAudio(
        "The recording has 64 channels: send it with at most 8.", max_channels=8
    ),
    errors.InvalidRequest(
        "text: This field is required.",
        errors=[{"field": "text", "message": "This field is required"}],
    ),
    errors.UndecodableAudio(
        "The recording breaks off in the middle of a frame after 3.2 s: upload the complete file.",
        decoded_seconds=3.2,
    ),
    errors.UnknownHost(
        "The service is not called by this name: use a name of SAMO_ALLOWED_HOSTS; without that "
        "setting and without API keys, localhost."
    ),
    errors.RateLimited(
        "The limit of 60 requests per 60 s is used up: try again after the time in Retry-After.",
        retry_after_seconds=17,
        limit=60,
        counted="requests",
        period_seconds=60,
    ),
    errors.HeadersTooLarge(
        "The request line and headers have more than 65536 bytes: send less.",
        limit_bytes=65536,
    ),
    errors.ModelFailure(
        "The emotion model failed: try again, and report the error if it persists.", step="emotion"
    ),
    errors.Overloaded(
        "Too many uploads are arriving: try again after the time in Retry-After.",
        retry_after_seconds=2,
    ),
    errors.ModelUnavailable(
        "The summarizer model fails at present: try again after the time in Retry-After.",
        step="summarizer",
    ),
    errors.DeadlineExceeded(
        f"The request took longer than {_DEADLINE_SECONDS} s and was cancelled. "
        "Try again later, or send less: a shorter recording, fewer texts.",
        deadline_seconds=_DEADLINE_SECONDS,
    ),
)
_TOO_LARGE: Final = {
    "Json": errors.PayloadTooLarge(
        f"The body is too large: this path takes at most {limits.MAX_JSON_BYTES} bytes. Send less "
        "text, or several requests.",
        limit_bytes=limits.MAX_JSON_BYTES,
    ),
    "Feedback": errors.PayloadTooLarge(
        f"The body is too large: this route takes at most {limits.MAX_FEEDBACK_JSON_BYTES} bytes "
        "of JSON. Send less in one request.",
        limit_bytes=limits.MAX_FEEDBACK_JSON_BYTES,
    ),
    "Upload": errors.PayloadTooLarge(
        f"The body is too large: a recording may have {limits.MAX_AUDIO_BYTES} bytes. Compress it, "
        "or send it in parts. POST /v1/jobs takes larger ones.",
        limit_bytes=limits.MAX_AUDIO_BYTES,
    ),
}

_ANY: Final = (errors.HeadersTooLarge, errors.Overloaded, errors.UnknownHost)
# Of routes that need a key, if the service has keys.
_CLOSED: Final = (
    *_ANY,
    errors.InvalidApiKey,
    errors.InsufficientScope,
    errors.RateLimited,
)
_JSON: Final = (
    *_CLOSED,
    errors.OriginNotAllowed,
    errors.MalformedRequest,
    errors.RequestTimeout,
    errors.PayloadTooLarge,
    errors.UnsupportedMediaType,
    errors.InvalidRequest,
    errors.ModelFailure,
    errors.ModelUnavailable,
    errors.DeadlineExceeded,
)
_UPLOAD: Final = (
    *_JSON,
    errors.AudioTooLong,
    errors.UnsupportedAudio,
    errors.UndecodableAudio,
)
# By what a route takes: the errors it may answer with.
_KINDS: Final[dict[str, Sequence[type[errors.SamoError]]]] = {
    "Open": _ANY,
    "Read": _CLOSED,
    "Window": (*_CLOSED, errors.DriftUnavailable),
    "Model": (*_CLOSED, errors.UnknownModel),
    "Json": _JSON,
    "Upload": _UPLOAD,
    "Feedback": (
        *_JSON,
        errors.FeedbackOff,
        errors.AnswerNotFound,
        errors.FeedbackUnavailable,
    ),
    "User": (
        *_CLOSED,
        errors.OriginNotAllowed,
        errors.InvalidRequest,
        errors.FeedbackOff,
        errors.FeedbackUnavailable,
    ),
    "Job": (*_CLOSED, errors.JobNotFound, errors.JobGone, errors.JobNotDone),
}
_SCHEMAS: Final[dict[ErrorFormat, str]] = {
    "samo": "ErrorEnvelope",
    "openai": "OpenAIErrorEnvelope",
}
_REQUEST_ID: Final = "6ecb4819fa4d4bfbcebaa7517165631e"


def references(kind: str, form: ErrorFormat) -> dict[str, dict[str, str]]:
    """The responses from 400 up of a route of this kind, by status."""
    statuses = sorted({error.status for error in _KINDS[kind]})
    return {
        str(status): {"$ref": f"#/components/responses/{_name(kind, form, status)}"}
        for status in statuses
    }


def responses() -> dict[str, dict[str, Any]]:
    """The components of the description: for each kind, form and status one response."""
    made: dict[str, dict[str, Any]] = {}
    for (kind, classes), form in itertools.product(_KINDS.items(), _SCHEMAS):
        own = [_TOO_LARGE[kind]] if kind in _TOO_LARGE else []
        for error in (*own, *_EXAMPLES):
            if isinstance(error, tuple(classes)):
                name = _name(kind, form, error.status)
                response = made.setdefault(name, _response(error, form))
                content = response["content"]["application/json"]
                content["examples"][error.code] = _example(error, form)
    return made


def _name(kind: str, form: ErrorFormat, status: int) -> str:
    return f"{'OpenAI' if form == 'openai' else ''}{kind}{status}"


def _title(error: errors.SamoError) -> str:
    return (type(error).__doc__ or "").splitlines()[0].replace("`", "")


def _response(error: errors.SamoError, form: ErrorFormat) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": _title(error),
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{_SCHEMAS[form]}"},
                "examples": {},
            }
        },
    }
    if error.retry_after_seconds is not None:
        response["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        }
    return response


def _example(error: errors.SamoError, form: ErrorFormat) -> dict[str, Any]:
    tokens = error_format.set(form), request_id.set(_REQUEST_ID)
    body = error_body(error)
    error_format.reset(tokens[0])
    request_id.reset(tokens[1])
    return {"summary": _title(error), "value": body}
