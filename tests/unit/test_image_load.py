"""The image's test counts what went wrong as wrong."""

from __future__ import annotations

import httpx
import pytest

from deploy.container.engine import EngineError, find_engine
from deploy.container.load import Tally, send, short, typed


def answered(status: int, body: dict[str, object]) -> Tally:
    tally = Tally()
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    with httpx.Client(base_url="http://samo", transport=transport) as client:
        send(client, typed(3), tally)
        send(client, short(), tally)
    return tally


def test_whole_answers_are_counted_by_their_path():
    tally = answered(200, {"degraded": []})
    assert tally.requests == 2
    assert tally.failures == []
    assert set(tally.seconds) == {"/analyze/journal", "/predict"}


@pytest.mark.parametrize(("status", "body"), [(503, {}), (200, {"degraded": ["summary"]})])
def test_refusals_and_answers_with_a_part_missing_are_failures(status, body):
    tally = answered(status, body)
    assert tally.requests == len(tally.failures) == 2


def test_a_refusal_is_waited_for_and_counted_apart():
    refusal = httpx.Response(503, headers={"Retry-After": "0"})
    tally = Tally()
    transport = httpx.MockTransport(lambda _: refusal)
    with httpx.Client(base_url="http://samo", transport=transport) as client:
        send(client, short(), tally)
    assert (tally.requests, tally.refused, tally.failures) == (1, 1, [])


def test_a_connection_that_breaks_is_a_failure():
    def broken(_: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("server disconnected")

    tally = Tally()
    with httpx.Client(base_url="http://samo", transport=httpx.MockTransport(broken)) as client:
        send(client, short(), tally)
    assert len(tally.failures) == 1


def test_an_engine_that_is_not_there_is_named():
    with pytest.raises(EngineError, match="nerdctl"):
        find_engine("nerdctl")
