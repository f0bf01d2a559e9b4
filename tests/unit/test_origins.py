"""Which names the service answers to: the allow-list, and the guard of a local service."""

from __future__ import annotations

import asyncio

import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from samo.http.origins import OriginMiddleware
from samo.settings import Settings


def status(host, *, path="/predict", server="10.0.0.5", method="GET", headers=(), **options):
    """The status of a request."""
    given = {"allowed_hosts": (), "allowed_origins": (), "guard_loopback": True, **options}
    middleware = OriginMiddleware(PlainTextResponse("x"), **given)
    raw = Headers({"host": host, **dict(headers)}).raw
    scope = {"type": "http", "method": method, "path": path, "server": (server, 3000)}
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request"}

    asyncio.run(middleware({**scope, "headers": raw}, receive, send))
    return sent[0]["status"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("api.example", 200),
        ("API.example:3000", 200),
        ("a.sub.example", 421),
        ("one.wild.example", 200),
        ("wild.example", 421),
        ("two.one.wild.example", 421),
        ("[::1]:3000", 200),
        ("10.0.0.5", 421),
        ("", 421),
        ("api.example.evil.example", 421),
    ],
)
def test_an_allow_list(host, expected):
    hosts = ("api.example", "*.wild.example", "[::1]")
    assert status(host, allowed_hosts=hosts, guard_loopback=False) == expected


def test_probes_may_name_any_host():
    for path in ("/livez", "/readyz", "/healthz"):
        assert status("10.0.0.5", path=path, allowed_hosts=("api.example",)) == 200


@pytest.mark.parametrize("server", ["127.0.0.1", "127.0.0.2", "::1"])
def test_a_local_service_answers_to_names_of_this_machine_only(server):
    for host in ("localhost:3000", "127.0.0.1:3000", "[::1]:3000", "samo.localhost", "LOCALHOST"):
        assert status(host, server=server) == 200
    for host in ("evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example", ""):
        assert status(host, server=server) == 421
        # with keys, a page that got here by DNS rebinding has none
        assert status(host, server=server, guard_loopback=False) == 200
        assert status(host, server=server, allowed_hosts=("*",)) == 200


def test_without_an_allow_list_other_addresses_answer_to_all_names():
    assert status("anything.example") == 200


def test_origins():
    def post(origin, **options):
        return status("api.example", method="POST", headers={"origin": origin}, **options)

    assert post("https://api.example") == 200
    assert post("https://api.example:8443") == 403
    assert post("https://journal.example") == 403
    assert post("https://journal.example", allowed_origins=("https://journal.example",)) == 200
    assert post("https://journal.example", allowed_origins=("*",)) == 200
    assert status("api.example", headers={"origin": "https://journal.example"}) == 200  # GET


@pytest.mark.parametrize(
    ("value", "hosts"),
    [
        ("API.example, b.example", ["api.example", "b.example"]),
        ("*", ["*"]),
        ("*.a.example [::1]", ["*.a.example", "[::1]"]),
        ("", []),
    ],
)
def test_hosts_of_the_environment(monkeypatch, value, hosts):
    monkeypatch.setenv("SAMO_ALLOWED_HOSTS", value)
    assert Settings().allowed_hosts == hosts


@pytest.mark.parametrize("value", ["https://a.example", "a.example:80", "a.*.example", "::1"])
def test_hosts_that_would_never_match_stop_the_start(monkeypatch, value):
    monkeypatch.setenv("SAMO_ALLOWED_HOSTS", value)
    with pytest.raises(ValueError, match="allowed_hosts"):
        Settings()
