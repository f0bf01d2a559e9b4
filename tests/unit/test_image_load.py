"""The load of the image test counts failures."""

from __future__ import annotations

import httpx
import pytest

from deploy.container.engine import EngineError, find_engine
from deploy.container.load import LoadResult, send, short, typed


def outcome(status: int, body: dict[str, object]) -> LoadResult:
    result = LoadResult()
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    with httpx.Client(base_url="http://samo", transport=transport) as client:
        send(client, typed(3), result)
        send(client, short(), result)
    return result


def test_complete_responses_are_counted_by_path():
    result = outcome(200, {"degraded": []})
    assert result.requests == 2
    assert result.failures == []
    assert set(result.seconds) == {"/analyze/journal", "/predict"}


@pytest.mark.parametrize(("status", "body"), [(503, {}), (200, {"degraded": ["summary"]})])
def test_errors_and_degraded_responses_are_failures(status, body):
    result = outcome(status, body)
    assert result.requests == len(result.failures) == 2


def test_a_503_with_retry_after_is_counted_separately():
    refusal = httpx.Response(503, headers={"Retry-After": "0"})
    result = LoadResult()
    transport = httpx.MockTransport(lambda _: refusal)
    with httpx.Client(base_url="http://samo", transport=transport) as client:
        send(client, short(), result)
    assert (result.requests, result.refused, result.failures) == (1, 1, [])


def test_a_broken_connection_is_a_failure():
    def broken(_: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("server disconnected")

    result = LoadResult()
    with httpx.Client(base_url="http://samo", transport=httpx.MockTransport(broken)) as client:
        send(client, short(), result)
    assert len(result.failures) == 1


def test_an_unknown_engine_is_named():
    with pytest.raises(EngineError, match="nerdctl"):
        find_engine("nerdctl")
