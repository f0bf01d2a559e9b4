"""Everything that SAMO refuses or fails at, one class each.

    SamoError
    ├── MalformedRequest        400  the body is no valid JSON or multipart form
    ├── InvalidRequest          422  a field is missing, of the wrong type or out of range
    ├── UnknownModel            404  /v1/models has no model of this name
    ├── PayloadTooLarge         413  the body is larger than the limit
    ├── UnsupportedMediaType    415  the body is of a type or charset that the route does not take
    ├── UnsupportedAudio        415  the upload is in no audio format that is read here
    ├── UndecodableAudio        422  the upload is damaged, cut short or holds no audio
    ├── AudioTooLong            413  the recording is longer than the limit
    ├── UnsupportedProtocol     400  the request asks for a WebSocket
    ├── RequestTimeout          408  headers or body stopped arriving
    ├── HeadersTooLarge         431  the headers are larger than the limit
    ├── Overloaded              503  the queue is full; comes with Retry-After
    ├── DeadlineExceeded        504  the answer would have taken too long
    └── ModelFailure            500  a model could not answer

A message says what to do. No message holds text of the user's.
"""

from __future__ import annotations

from typing import Any, ClassVar


class SamoError(Exception):
    """Base of all: an HTTP status, a code for programs, a message for people, details."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class StartError(Exception):
    """The service cannot start; the message says what to do."""


class MalformedRequest(SamoError):
    """The body is no valid JSON, or no valid multipart form."""

    status = 400
    code = "malformed_request"


class InvalidRequest(SamoError):
    """A field is missing, of the wrong type or out of range."""

    status = 422
    code = "invalid_request"


class UnknownModel(SamoError):
    """The list of models has none of this name."""

    status = 404
    code = "model_not_found"


class PayloadTooLarge(SamoError):
    """The body is larger than the limit."""

    status = 413
    code = "payload_too_large"


class UnsupportedMediaType(SamoError):
    """The body is of a type or charset that the route does not take."""

    status = 415
    code = "unsupported_media_type"


class UnsupportedAudio(SamoError):
    """The upload is in no audio format that is read here."""

    status = 415
    code = "unsupported_audio"


class UndecodableAudio(SamoError):
    """The upload is damaged, cut short or holds no audio."""

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


class UnsupportedProtocol(SamoError):
    """The request asks for a WebSocket."""

    status = 400
    code = "unsupported_protocol"


class RequestTimeout(SamoError):
    """The headers or the body stopped arriving."""

    status = 408
    code = "request_timeout"


class HeadersTooLarge(SamoError):
    """The headers are larger than the limit."""

    status = 431
    code = "headers_too_large"


class DeadlineExceeded(SamoError):
    """The answer would have taken longer than a request may."""

    status = 504
    code = "deadline_exceeded"


class ModelFailure(SamoError):
    """A model could not answer."""

    status = 500
    code = "model_failure"
