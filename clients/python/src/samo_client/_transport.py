"""What the clients have in common: configuration, retries, and reading responses."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from samo_client import models
from samo_client._calls import REQUEST_ID, Call
from samo_client.errors import (
    ApiError,
    ConnectionFailed,
    JobFailed,
    SamoError,
    TimedOut,
    UnexpectedResponse,
    error_class,
)

T = TypeVar("T")
DEFAULT_URL: Final = "http://localhost:3000"
# The service's own deadline is 290 s; its answer to that should arrive.
DEFAULT_TIMEOUT: Final = 300.0
_CONNECT_SECONDS: Final = 10.0
_FIRST_BACKOFF_SECONDS: Final = 0.5
_MAX_BACKOFF_SECONDS: Final = 8.0
# The service, or a proxy in front of it, did not process the request.
_RETRIED_STATUSES: Final = frozenset({429, 502, 503})
FIRST_POLL_SECONDS: Final = 0.5
_POLL_GROWTH: Final = 1.5
_MAX_POLL_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Configuration:
    """Where and how to send requests.

    Attributes:
        url: of the service, without a slash at its end.
        headers: of every request.
        timeout: seconds for a response.
        max_retries: how often a request is sent again.
        max_retry_wait: seconds; an error that asks for a longer wait is raised at once.

    """

    url: str
    headers: Mapping[str, str]
    timeout: httpx.Timeout
    max_retries: int
    max_retry_wait: float

    @classmethod
    def of(
        cls,
        url: str | None,
        api_key: str | None,
        timeout: float,
        max_retries: int,
        max_retry_wait: float,
    ) -> Configuration:
        """Fill in the environment variables SAMO_URL and SAMO_API_KEY."""
        url = (url or os.environ.get("SAMO_URL") or DEFAULT_URL).rstrip("/")
        if not url.startswith(("http://", "https://")):
            raise ValueError("The URL must start with http:// or https://.")
        api_key = api_key or os.environ.get("SAMO_API_KEY")
        headers = {"User-Agent": "samo-client"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        return cls(
            url,
            headers,
            httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
            max_retries,
            max_retry_wait,
        )

    def retry_wait(self, call: Call[T], error: SamoError, attempt: int) -> float | None:
        """Seconds to wait before a call is sent again; None if it is not. `attempt` is from 0."""
        if attempt >= self.max_retries:
            return None
        if isinstance(error, ApiError) and error.status in _RETRIED_STATUSES:
            if error.retry_after is not None:
                return error.retry_after if error.retry_after <= self.max_retry_wait else None
        elif not (isinstance(error, ConnectionFailed) and call.repeatable):
            return None
        # at a random time, so that many clients do not come back at the same moment
        ceiling = min(_FIRST_BACKOFF_SECONDS * 2**attempt, _MAX_BACKOFF_SECONDS)
        return random.uniform(ceiling / 2, ceiling)  # noqa: S311  # no secret


def next_poll(job: models.JobResponse, seconds: float) -> float | None:
    """Seconds until the state of a job is asked for again; None if the job is done.

    Raises:
        JobFailed: The job has ended without a result.
    """
    if job.state in {"queued", "running"}:
        return min(seconds * _POLL_GROWTH, _MAX_POLL_SECONDS)
    if job.state != "done":
        raise JobFailed(
            job.error.message if job.error else f"The job is {job.state}.",
            job_id=job.id,
            state=job.state,
            code=job.error.code if job.error else None,
        )
    return None


def transport_error(error: httpx.TransportError) -> SamoError:
    """The client's error for one of httpx."""
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return TimedOut("The service did not answer in time.")
    return ConnectionFailed(f"The service cannot be reached ({type(error).__name__}).")


def read(call: Call[T], response: httpx.Response) -> T:
    """The result of a call. Raises an `ApiError` if the service refused it."""
    if response.status_code >= 400:
        raise _api_error(response)
    try:
        result = call.parse(response.content)
    except ValidationError:
        # without the cause, which may quote the response
        raise UnexpectedResponse(
            f"{call.path} answered in another form: check the URL and the versions."
        ) from None
    request_id = response.headers.get("x-request-id")
    if isinstance(result, BaseModel) and request_id is not None and result.model_extra is not None:
        result.model_extra.setdefault(REQUEST_ID, request_id)
    return result


def _api_error(response: httpx.Response) -> SamoError:
    try:
        error: Any = response.json()["error"]
        message, code = str(error["message"]), str(error["code"])
    except (ValueError, KeyError, TypeError):
        message = f"The server answered with status {response.status_code} and no reason."
        error, code = {}, "unknown"
    return error_class(response.status_code)(
        message,
        status=response.status_code,
        code=code,
        details=error.get("details") or {},
        request_id=error.get("request_id") or response.headers.get("x-request-id"),
        retry_after=_retry_after(response),
    )


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
