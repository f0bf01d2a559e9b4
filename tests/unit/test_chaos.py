"""How the requests of `make chaos` are counted: what is lost, and what is excused."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from loadtests.chaos.clients import Clients, ModelFault
from loadtests.chaos.requests import Request
from loadtests.chaos.supervisor import Outage, Supervisor
from loadtests.chaos.tally import Tally


def request() -> Request:
    return Request("/x", {"json": {}}, ("emotion",), lambda body: {"summary": body["summary"]})


def sending(tmp_path, *answers, outages=(), faults=()):
    """The counts after one request, to which a server gives these answers one after the other."""
    supervisor = Supervisor(1, tmp_path / "log", {}, outages=list(outages))
    clients = Clients(supervisor, Tally(), list(faults))
    rest = iter(answers)

    def answer(sent: httpx.Request) -> httpx.Response:
        outcome = next(rest)
        if isinstance(outcome, type):
            raise outcome("", request=sent)
        status, body, headers = outcome
        return httpx.Response(status, json=body, headers=headers)

    async def send():
        transport = httpx.MockTransport(answer)
        async with httpx.AsyncClient(base_url="http://x", transport=transport) as client:
            one = request()
            one.expected = {"summary": "I cried."}
            await clients.send(client, one)

    asyncio.run(send())
    return clients.tally


def counted(tally):
    return {name for name, number in tally.counts.items() if number}


COMPLETE: Any = (200, {"summary": "I cried.", "degraded": []}, {})
REFUSED: Any = (503, {}, {"retry-after": "1"})
NOW = time.monotonic


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (COMPLETE, "answered"),
        ((200, {"summary": None, "degraded": ["summary"]}, {}), "degraded"),
        ((200, {"summary": "Other.", "degraded": []}, {}), "wrong"),
        ((200, {"summary": "I cried.", "degraded": ["summary"]}, {}), "wrong"),
        (REFUSED, "refused"),
        ((503, {}, {}), "wrong"),
        ((500, {}, {}), "wrong"),
        ((404, {}, {}), "wrong"),
        (httpx.ReadError, "lost"),
        (httpx.ReadTimeout, "lost"),
        (httpx.ConnectError, "lost"),
    ],
)
def test_outcomes_without_a_fault(tmp_path, answer, outcome):
    tally = sending(tmp_path, answer)
    assert counted(tally) == {outcome}
    assert tally.sent == 1
    assert tally.passed == (outcome not in ("wrong", "lost"))


def test_a_500_is_excused_while_its_model_has_a_fault(tmp_path):
    failed: Any = (500, {}, {})
    assert counted(sending(tmp_path, failed, faults=[ModelFault("emotion", NOW())])) == {"failed"}
    for fault in (ModelFault("transcriber", NOW()), ModelFault("emotion", 0.0, 1.0)):
        assert counted(sending(tmp_path, failed, faults=[fault])) == {"wrong"}


@pytest.mark.parametrize(
    ("kills", "error", "outcome"),
    [
        (True, httpx.ReadError, "answered"),
        (True, httpx.ConnectError, "answered"),
        (False, httpx.ConnectError, "answered"),
        (False, httpx.ReadError, "lost"),  # SIGTERM must not cut a request
    ],
)
def test_what_is_sent_again(tmp_path, kills, error, outcome):
    tally = sending(tmp_path, error, COMPLETE, outages=[Outage(kills, NOW())])
    assert counted(tally) == {outcome}
    assert tally.resent == (outcome == "answered")


def test_an_outage_that_is_over_excuses_nothing(tmp_path):
    over = Outage(True, 0.0, NOW() - 1.0)
    assert counted(sending(tmp_path, httpx.ReadError, COMPLETE, outages=[over])) == {"lost"}
