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
    SessionFailed,
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
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


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
        _check_url(url)
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

    @property
    def address(self) -> str:
        """The URL for messages, without a user name and password."""
        url = httpx.URL(self.url)
        return str(url.copy_with(userinfo=b""))

    @property
    def live_url(self) -> str:
        """Where live sessions connect to."""
        return f"ws{self.url.removeprefix('http')}/v1/realtime?intent=transcription"

    def retry_wait(
        self, error: SamoError, attempt: int, *, repeatable: bool = True
    ) -> float | None:
        """Seconds to wait before a request is sent again; None if it is not.

        Args:
            error: Of the last attempt.
            attempt: Its number, from 0.
            repeatable: Whether it may be sent again after a broken connection.

        """
        if attempt >= self.max_retries:
            return None
        if isinstance(error, ApiError) and error.status in _RETRIED_STATUSES:
            if error.retry_after is not None:
                return error.retry_after if error.retry_after <= self.max_retry_wait else None
        elif isinstance(error, ConnectionFailed):
            if not repeatable:
                return None
        elif not (isinstance(error, SessionFailed) and error.code == "too_many_sessions"):
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


def transport_error(error: httpx.RequestError, configuration: Configuration) -> SamoError:
    """The client's error for one of httpx."""
    address = configuration.address
    if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
        return TimedOut(
            f"{address} did not answer within {configuration.timeout.read:g} s "
            f"({type(error).__name__}): raise `timeout`, or use a job for a long recording."
        )
    if isinstance(error, httpx.TooManyRedirects | httpx.DecodingError):
        return UnexpectedResponse(f"{address} is not SAMO ({type(error).__name__}): check the URL.")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return unreachable(configuration, str(error) or type(error).__name__)
    if isinstance(error, httpx.ProxyError | httpx.UnsupportedProtocol):
        return ConnectionFailed(f"The proxy to {address} failed: {error}.")
    return ConnectionFailed(
        f"The connection to {address} broke before the response was complete "
        f"({type(error).__name__})."
    )


def unreachable(configuration: Configuration, reason: str) -> ConnectionFailed:
    """The error if no connection can be opened; `reason` is the system's."""
    host = httpx.URL(configuration.url).host
    hint = "start the service with `samo serve`, or " if host in _THIS_MACHINE else ""
    return ConnectionFailed(
        f"Nothing answers at {configuration.address} ({reason}): {hint}check `url` or SAMO_URL."
    )


def read(call: Call[T], response: httpx.Response, configuration: Configuration) -> T:
    """The result of a call. Raises an `ApiError` if the service refused it."""
    if response.status_code >= 400:
        raise api_error(response, configuration)
    try:
        result = call.parse(response.content)
    except ValidationError:
        # without the cause, which may quote the response
        raise UnexpectedResponse(
            f"{configuration.address}{call.path} answered with status {response.status_code} in "
            "another form than SAMO's: check the URL and the versions."
        ) from None
    request_id = response.headers.get("x-request-id")
    if isinstance(result, BaseModel) and request_id is not None and result.model_extra is not None:
        result.model_extra.setdefault(REQUEST_ID, request_id)
    return result


def api_error(response: httpx.Response, configuration: Configuration) -> SamoError:
    """The error of a response with a status of 400 or more."""
    try:
        error: Any = response.json()["error"]
        message, code = str(error["message"]), str(error["code"])
    except (ValueError, KeyError, TypeError):
        message = (
            f"{configuration.address} answered with status {response.status_code} and no reason: "
            "it may be a proxy, or another server."
        )
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
    if until.tzinfo is None:  # "-0000", which means UTC
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _check_url(url: str) -> None:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"The URL cannot be read: {error}.") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("The URL must start with http:// or https://, and name a host.")
