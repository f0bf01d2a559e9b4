"""The errors of SAMO: a class for each reason to refuse a request, and for failures.

    SamoError
    ├── MalformedRequest        400  the body is not valid JSON or not a valid multipart form
    ├── InvalidRequest          422  a field is missing, of the wrong type or out of range
    ├── UnknownModel            404  /v1/models has no model with this name
    ├── JobNotFound             404  there is no job with this id, or another key made it
    ├── JobGone                 410  the job was deleted, at its end or by its owner
    ├── JobNotDone              409  the job has no result, or not yet
    ├── DriftUnavailable        409  drift is not measured, or too little was observed
    ├── FeedbackOff             409  the service stores no feedback
    ├── AnswerNotFound          404  there is no prediction with this request id
    ├── FeedbackUnavailable     503  the database of feedback cannot be used; with Retry-After
    ├── PayloadTooLarge         413  the body is larger than the limit
    ├── UnsupportedMediaType    415  the route does not accept the body's content type or charset
    ├── UnsupportedAudio        415  the upload is not in a supported audio format
    ├── UndecodableAudio        422  the upload is damaged, truncated or contains no audio
    ├── AudioTooLong            413  the recording is longer than the limit
    ├── UnsupportedProtocol     400  the path takes no WebSocket
    ├── UpgradeRequired         426  the path takes a WebSocket only
    ├── InvalidApiKey           401  the API key is missing, unknown or expired
    ├── InsufficientScope       403  the API key does not permit this route
    ├── OriginNotAllowed        403  a web page of another origin sends the request
    ├── UnknownHost             421  the Host header is not in the allow-list
    ├── RateLimited             429  the caller has used up a rate limit; comes with Retry-After
    ├── RequestTimeout          408  the client stopped sending headers or body
    ├── HeadersTooLarge         431  the headers are larger than the limit
    ├── Overloaded              503  the queue is full; comes with Retry-After
    ├── ModelUnavailable        503  a model is not loaded, fails or is stuck; with Retry-After
    ├── DeadlineExceeded        504  the request, or the step it asks for, took too long
    └── ModelFailure            500  a model raised an error

Messages say how to correct the request. They never contain text from the request.
"""

from __future__ import annotations

from typing import Any, ClassVar


class SamoError(Exception):
    """Base class.

    Args:
        message: for people; it tells the client what to do.
        details: further fields of the error in the response, such as `field`.

    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    retry_after_seconds: int | None = None
    """The value of Retry-After; None if the response has no such header."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class StartError(Exception):
    """The service cannot start. The message says how to correct that."""


class MalformedRequest(SamoError):
    """The body is not valid JSON, or not a valid multipart form."""

    status = 400
    code = "malformed_request"


class InvalidRequest(SamoError):
    """A field is missing, of the wrong type or out of range."""

    status = 422
    code = "invalid_request"


class UnknownModel(SamoError):
    """`/v1/models` has no model with this name."""

    status = 404
    code = "model_not_found"


class JobNotFound(SamoError):
    """There is no job with this id, or another API key made it."""

    status = 404
    code = "job_not_found"


class JobGone(SamoError):
    """The job and its result are deleted."""

    status = 410
    code = "job_gone"


class JobNotDone(SamoError):
    """The job has no result, or not yet."""

    status = 409
    code = "job_not_done"


class DriftUnavailable(SamoError):
    """Drift is not measured, or too little was observed."""

    status = 409
    code = "drift_unavailable"


class FeedbackOff(SamoError):
    """The service stores no feedback."""

    status = 409
    code = "feedback_off"


class AnswerNotFound(SamoError):
    """There is no prediction with this request id."""

    status = 404
    code = "answer_not_found"


class FeedbackUnavailable(SamoError):
    """The database of feedback cannot be used."""

    status = 503
    code = "feedback_unavailable"
    retry_after_seconds = 5


class PayloadTooLarge(SamoError):
    """The body is larger than the limit."""

    status = 413
    code = "payload_too_large"


class UnsupportedMediaType(SamoError):
    """The route does not accept the body's content type or charset."""

    status = 415
    code = "unsupported_media_type"


class UnsupportedAudio(SamoError):
    """The upload is not in a supported audio format."""

    status = 415
    code = "unsupported_audio"


class UndecodableAudio(SamoError):
    """The upload is damaged, truncated or contains no audio."""

    status = 422
    code = "undecodable_audio"


class AudioTooLong(SamoError):
    """The recording is longer than the limit."""

    status = 413
    code = "audio_too_long"


class Overloaded(SamoError):
    """The queue is full, or the wait in it would be too long."""

    status = 503
    code = "overloaded"

    def __init__(self, message: str, retry_after_seconds: int = 1, **details: Any) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds, **details)
        self.retry_after_seconds = retry_after_seconds


class UpgradeRequired(SamoError):
    """The path takes a WebSocket only."""

    status = 426
    code = "upgrade_required"


class UnsupportedProtocol(SamoError):
    """The path takes no WebSocket."""

    status = 400
    code = "unsupported_protocol"


class InvalidApiKey(SamoError):
    """The API key is missing, unknown or expired."""

    status = 401
    code = "invalid_api_key"


class InsufficientScope(SamoError):
    """The API key does not permit this route."""

    status = 403
    code = "insufficient_scope"


class OriginNotAllowed(SamoError):
    """A web page of another origin sends the request."""

    status = 403
    code = "origin_not_allowed"


class UnknownHost(SamoError):
    """The Host header is not in the allow-list."""

    status = 421
    code = "unknown_host"


class RateLimited(SamoError):
    """The caller has used up a rate limit."""

    status = 429
    code = "rate_limited"

    def __init__(self, message: str, retry_after_seconds: int, **details: Any) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds, **details)
        self.retry_after_seconds = retry_after_seconds


class RequestTimeout(SamoError):
    """The client stopped sending headers or body."""

    status = 408
    code = "request_timeout"


class HeadersTooLarge(SamoError):
    """The headers are larger than the limit."""

    status = 431
    code = "headers_too_large"


class ModelUnavailable(SamoError):
    """A model could not be loaded, or does not compute any more."""

    status = 503
    code = "model_unavailable"
    retry_after_seconds = 5


class DeadlineExceeded(SamoError):
    """The request, or the step that it asks for, took longer than its deadline."""

    status = 504
    code = "deadline_exceeded"


class ModelFailure(SamoError):
    """A model raised an error."""

    status = 500
    code = "model_failure"
