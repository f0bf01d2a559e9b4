"""Who may open a live session: handshakes, keys, tokens, origins, limits."""

from __future__ import annotations

import time

import pytest

from samo.access.keys import KeyFile, new_key
from tests.http.live import URL, error_of, refusal, serving

ORIGIN = "https://journal.example"


@pytest.mark.parametrize(
    ("url", "status", "param"),
    [
        ("/v1/realtime", 422, "intent"),
        ("/v1/realtime?intent=conversation", 422, "intent"),
        (f"{URL}&api_key=x", 422, "api_key"),
        (f"{URL}&language=de", 422, "language"),
        (f"{URL}&modle=secret", 422, None),
        ("/predict", 400, None),
        ("/v1/realtim", 404, None),
    ],
)
def test_refused_handshakes(client, url, status, param):
    denied = refusal(client, url)
    assert denied.status_code == status
    assert "x-request-id" in denied.headers
    error = error_of(denied)
    assert error.get("param") == param
    assert "secret" not in error["message"]
    if "modle" in url:
        assert "did you mean `model`" in error["message"]


@pytest.fixture(scope="module")
def keys():
    pairs = [new_key("live", ["live"]), new_key("speech", ["speech"])]
    pairs.append(new_key("slow", ["live"], compute_limit="1/hour"))
    return {stored.name: key for key, stored in pairs}, KeyFile(
        keys=tuple(stored for _, stored in pairs)
    ).to_json()


@pytest.fixture(scope="module")
def guarded(keys):
    with serving(api_keys=keys[1], cors_origins=[ORIGIN], allowed_hosts=["testserver"]) as client:
        yield client


def bearer(key):
    return {"authorization": f"Bearer {key}"}


def test_a_session_needs_a_key_with_the_scope(guarded, keys):
    assert refusal(guarded).status_code == 401
    assert refusal(guarded, headers=bearer("samo_wrong")).status_code == 401
    denied = refusal(guarded, headers=bearer(keys[0]["speech"]))
    assert (denied.status_code, denied.headers["www-authenticate"].count("live")) == (403, 1)
    for options in (
        {"headers": bearer(keys[0]["live"])},
        {"headers": {"x-api-key": keys[0]["live"]}},
        {"subprotocols": ["realtime", f"openai-insecure-api-key.{keys[0]['live']}"]},
    ):
        with guarded.websocket_connect(URL, **options) as socket:
            assert socket.receive_json()["type"] == "session.created"


def test_browsers_get_a_token_with_a_configuration(guarded, keys, lines):
    session = {"type": "transcription", "audio": {"input": {"transcription": {"language": "de"}}}}
    answer = guarded.post(
        "/v1/realtime/client_secrets",
        json={"session": session, "expires_after": {"anchor": "created_at", "seconds": 30}},
        headers={**bearer(keys[0]["live"]), "origin": ORIGIN},
    )
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    secret = answer.json()
    assert secret["expires_at"] - time.time() == pytest.approx(30, abs=3)
    options = {
        "subprotocols": ["realtime", f"openai-insecure-api-key.{secret['value']}"],
        "headers": {"origin": ORIGIN},
    }
    with guarded.websocket_connect(URL, **options) as socket:
        assert socket.accepted_subprotocol == "realtime"
        source = socket.receive_json()["session"]["audio"]["input"]
        assert source["transcription"]["language"] == "de"
    assert [line["key"] for line in lines] == ["live", "live"]  # the token's name is its key's
    denied = guarded.post("/v1/realtime/client_secrets", json={}, headers=bearer(secret["value"]))
    assert denied.status_code == 401  # a token does not beget tokens
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: secret["expires_at"] + 1.0)
        assert refusal(guarded, **options).status_code == 401


@pytest.mark.parametrize("seconds", ["20", 20.0, " 20 "])
def test_the_seconds_of_a_token_may_be_quoted(client, seconds):
    body = {"expires_after": {"seconds": seconds}}
    secret = client.post("/v1/realtime/client_secrets", json=body).json()
    assert secret["expires_at"] - time.time() == pytest.approx(20, abs=3)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 600}}, "expires_after.seconds"),
        ({"session": {"type": "realtime"}}, "session.type"),
        (
            {
                "session": {
                    "type": "transcription",
                    "audio": {"input": {"transcription": {"prompt": "secret"}}},
                }
            },
            "session.audio.input.transcription.prompt",
        ),
    ],
)
def test_what_a_token_cannot_do(client, body, param):
    response = client.post("/v1/realtime/client_secrets", json=body)
    assert (response.status_code, error_of(response)["param"]) == (422, param)
    assert "secret" not in response.text


def test_pages_of_other_origins_and_other_hosts_get_nothing(guarded, keys):
    key = bearer(keys[0]["live"])
    assert refusal(guarded, headers={**key, "origin": "https://evil.example"}).status_code == 403
    assert refusal(guarded, headers={**key, "host": "evil.example"}).status_code == 421
    for origin in (ORIGIN, "http://testserver"):
        with guarded.websocket_connect(URL, headers={**key, "origin": origin}) as socket:
            assert socket.receive_json()["type"] == "session.created"


def test_handshakes_count_as_requests(keys):
    with serving(api_keys=keys[1], rate_limit="2/hour") as client:
        for _ in range(2):
            with client.websocket_connect(URL, headers=bearer(keys[0]["live"])):
                pass
        denied = refusal(client, headers=bearer(keys[0]["live"]))
        assert (denied.status_code, "retry-after" in denied.headers) == (429, True)
