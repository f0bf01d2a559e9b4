"""Pages of allowed origins read every answer, refusals too."""

from __future__ import annotations

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from samo.http.cors import SamoCORSMiddleware
from samo.settings import Settings

ORIGIN = "https://journal.example"


def client(*origins):
    async def app(scope, receive, send):
        status = int(scope["path"].strip("/"))
        await PlainTextResponse("x", status)(scope, receive, send)

    return TestClient(SamoCORSMiddleware(app, origins=origins))


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 405, 413, 415, 422, 429, 500, 503])
def test_every_answer_to_an_allowed_origin_can_be_read(status):
    for origins in ((ORIGIN,), ("*",)):
        response = client(*origins).get(f"/{status}", headers={"origin": ORIGIN})
        assert response.headers["access-control-allow-origin"] in (ORIGIN, "*")
        exposed = response.headers["access-control-expose-headers"]
        assert set(exposed.split(", ")) == {
            "x-request-id",
            "x-samo-model",
            "x-samo-variant",
            "retry-after",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
            "ratelimit-policy",
            "www-authenticate",
        }


def test_another_origin_gets_no_permission():
    response = client(ORIGIN).get("/200", headers={"origin": "https://else.example"})
    assert "access-control-allow-origin" not in response.headers


def preflight(origin, method="POST", **headers):
    return client(ORIGIN).options(
        "/405", headers={"origin": origin, "access-control-request-method": method, **headers}
    )


def test_a_preflight():
    given = {
        "access-control-request-headers": "content-type,x-request-id",
        "access-control-request-private-network": "true",
    }
    for method in ("GET", "HEAD", "POST"):
        allowed = preflight(ORIGIN, method, **given)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == ORIGIN
        assert "x-request-id" in allowed.headers["access-control-allow-headers"]
        assert allowed.headers["access-control-allow-private-network"] == "true"


def test_a_preflight_that_is_refused_is_left_to_the_routes():
    for refused in (preflight("https://else.example"), preflight(ORIGIN, "PUT")):
        assert refused.status_code == 405
        assert "access-control-allow-methods" not in refused.headers
    assert "access-control-allow-origin" not in preflight("https://else.example").headers


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("https://a.example,http://b.example:8080", ["https://a.example", "http://b.example:8080"]),
        ("https://a.example, http://b.example/ ", ["https://a.example", "http://b.example"]),
        ("https://A.example", ["https://a.example"]),
        ('["https://a.example"]', ["https://a.example"]),
        ('["*"]', ["*"]),
        ("*", ["*"]),
        ("", []),
        ("[]", []),
        ("https://a.example:443 http://b.example:80", ["https://a.example", "http://b.example"]),
        ("capacitor://localhost,null", ["capacitor://localhost", "null"]),
    ],
)
def test_origins_of_the_environment(monkeypatch, value, origins):
    monkeypatch.setenv("SAMO_CORS_ORIGINS", value)
    assert Settings().cors_origins == origins


@pytest.mark.parametrize(
    "value",
    ['["https://a.example"', "journal.example", "https://*.example", "https://a.example/app"],
)
def test_origins_that_would_never_match_stop_the_start(monkeypatch, value):
    monkeypatch.setenv("SAMO_CORS_ORIGINS", value)
    with pytest.raises(ValueError, match="cors_origins"):
        Settings()
