"""The Python client against a mock: what is sent, what is asked again, and what is not."""

from __future__ import annotations

import io

import httpx
import pytest
from samo_client import errors

from tests.client_libraries.python_client import Mock


@pytest.mark.parametrize("entry", [("2026-01-01", {}), ("2026-01-01",), "2", None, (1, None)])
def test_wrong_entries_of_trends_are_a_type_error(mocked, entry):
    mock = Mock()
    with pytest.raises(TypeError, match="An entry of trends is"):
        mocked(mock)[0].trends([entry])
    assert mock.requests == []


def test_a_missing_file_is_pythons_own_error(mocked):
    mock = Mock()
    with pytest.raises(FileNotFoundError):
        mocked(mock)[0].transcribe("missing.flac")
    assert mock.requests == []


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_busy_service_is_asked_again_after_retry_after(mocked, status):
    mock = Mock(status, status, 200, **{"Retry-After": "7"})
    samo, waits = mocked(mock)
    assert samo.health().status == "ok"
    assert waits == [7.0, 7.0]


def test_a_date_in_retry_after(mocked):
    samo, waits = mocked(Mock(503, 200, **{"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}))
    samo.health()
    assert waits == [0.0]


def test_without_retry_after_the_waits_grow(mocked):
    samo, waits = mocked(
        Mock(503, httpx.ReadError(""), httpx.ConnectTimeout(""), 200), max_retries=3
    )
    samo.health()
    assert [0.25 * 2**n <= wait <= 0.5 * 2**n for n, wait in enumerate(waits)] == [True] * 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (401, errors.Unauthenticated), (403, errors.PermissionDenied), (404, errors.NotFound),
        (500, errors.ServerFailure), (504, errors.DeadlineExceeded),
        (httpx.ReadTimeout(""), errors.TimedOut),
    ],
)  # fmt: skip
def test_what_is_not_asked_again(mocked, answer, error):
    samo, waits = mocked(Mock(answer))
    with pytest.raises(error):
        samo.health()
    assert waits == []


def test_a_job_is_not_made_twice(mocked):
    samo, waits = mocked(Mock(503, httpx.ReadError(""), **{"Retry-After": "1"}))
    with pytest.raises(errors.ConnectionFailed):
        samo.create_job(b"x")
    assert waits == [1.0]


def test_the_last_error_is_raised(mocked):
    samo, waits = mocked(Mock(429, 429, **{"Retry-After": "1"}), max_retries=1)
    with pytest.raises(errors.RateLimited, match=r"Wait. \(request r1\)") as raised:
        samo.health()
    assert (raised.value.retry_after, raised.value.code, waits) == (1.0, "overloaded", [1.0])


def test_too_long_a_wait_is_not_waited_for(mocked):
    samo, waits = mocked(Mock(503, **{"Retry-After": "61"}))
    with pytest.raises(errors.Overloaded):
        samo.health()
    assert waits == []


def test_an_upload_is_sent_again_from_its_beginning(mocked):
    mock = Mock(503, 422, **{"Retry-After": "0"})
    samo, _ = mocked(mock)
    with pytest.raises(errors.InvalidRequest):
        samo.transcribe(io.BytesIO(b"x" * 200_000))
    bodies = [request.read() for request in mock.requests]
    assert [body.count(b"x" * 200_000) for body in bodies] == [1, 1]


def test_the_key_is_sent(mocked, monkeypatch):
    mock = Mock(200, 200)
    mocked(mock, api_key="k1")[0].health()
    monkeypatch.setenv("SAMO_API_KEY", "k2")
    mocked(mock)[0].health()
    sent = [request.headers["authorization"] for request in mock.requests]
    assert sent == ["Bearer k1", "Bearer k2"]
    assert str(mock.requests[0].url) == "http://samo.test/health"


def test_a_response_of_another_version_is_told_apart(mocked, monkeypatch):
    def answer(_request):
        return httpx.Response(200, json={"text": "private"})

    samo, _ = mocked(answer)
    with pytest.raises(errors.UnexpectedResponse) as raised:
        samo.analyze("hi")
    assert "private" not in str(raised.value)
    assert raised.value.__cause__ is None
