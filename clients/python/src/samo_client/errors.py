"""The errors of the client.

    SamoError
    ├── ConnectionFailed        the service cannot be reached, or the connection broke
    ├── TimedOut                no response in time
    ├── UnexpectedResponse      the response is not SAMO's: another server, or another version
    ├── JobFailed               the job has ended without a result
    ├── SessionFailed           the live session was refused, or the service ended it
    └── ApiError                the service refused the request or failed
        ├── InvalidRequest      400, 405, 408, 409, 413, 415, 422, 431: correct the request
        ├── NotFound            404, 410: no such route or job, or the job is deleted
        ├── Unauthenticated     401: the API key is missing, unknown or expired
        ├── PermissionDenied    403, 421: the key, the origin or the host name does not permit this
        ├── RateLimited         429: too many requests
        ├── Overloaded          503: the service is busy or starting
        ├── DeadlineExceeded    504: the request took longer than the service permits
        └── ServerFailure       500 and others: a fault of the service

Messages are the service's. They never contain text of an entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SamoError(Exception):
    """Base class of all errors of the service and of the connection to it."""


class ConnectionFailed(SamoError):
    """The service cannot be reached, or the connection broke."""


class TimedOut(SamoError):
    """The service did not answer in time."""


class UnexpectedResponse(SamoError):
    """The response is not SAMO's: the URL is that of another server, or of another version."""


class JobFailed(SamoError):
    """The job has ended without a result.

    Attributes:
        job_id: of the job.
        state: "failed", "cancelled" or "lost".
        code: as of an `ApiError`; None unless the state is "failed".

    """

    def __init__(self, message: str, *, job_id: str, state: str, code: str | None) -> None:
        super().__init__(f"{message} ({job_id})")
        self.job_id = job_id
        self.state = state
        self.code = code


class SessionFailed(SamoError):
    """A live session was refused, or the service has ended it.

    What was recognized before stays in the session's `text` and `turns`.

    Attributes:
        code: for programs, such as "too_many_sessions"; docs/live.md lists all.
        param: the option that was refused, if there is one.

    """

    def __init__(self, message: str, *, code: str, param: str | None = None) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.param = param


class ApiError(SamoError):
    """The service refused the request, or failed.

    Attributes:
        message: what is wrong and what to do about it.
        status: HTTP status.
        code: for programs, such as "invalid_request"; docs/api.md lists all.
        details: more about the error, such as the invalid fields.
        request_id: names the request in the service's log.
        retry_after: seconds after which to try again, if the service says so.

    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str,
        details: Mapping[str, Any],
        request_id: str | None,
        retry_after: float | None,
    ) -> None:
        suffix = f" (request {request_id})" if request_id else ""
        super().__init__(f"{message}{suffix}")
        self.message = message
        self.status = status
        self.code = code
        self.details = details
        self.request_id = request_id
        self.retry_after = retry_after


class InvalidRequest(ApiError):
    """The request cannot be used: correct it."""


class NotFound(ApiError):
    """There is no such route or job, or the job is deleted."""


class Unauthenticated(ApiError):
    """The API key is missing, unknown or expired."""


class PermissionDenied(ApiError):
    """The API key does not permit this."""


class RateLimited(ApiError):
    """Too many requests."""


class Overloaded(ApiError):
    """The service is busy, or starting."""


class DeadlineExceeded(ApiError):
    """The request took longer than the service permits."""


class ServerFailure(ApiError):
    """A fault of the service."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
    410: NotFound,
    421: PermissionDenied,
    429: RateLimited,
    503: Overloaded,
    504: DeadlineExceeded,
}


def error_class(status: int) -> type[ApiError]:
    """The class of the error for a status of 400 or more."""
    return _BY_STATUS.get(status, InvalidRequest if status < 500 else ServerFailure)
