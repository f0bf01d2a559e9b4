"""API keys, scopes and rate limits over HTTP, with fake runners."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import openai
import pytest

from samo.access.keys import SCOPES, KeyFile, new_key
from samo.settings import Settings
from tests.conftest import running
from tests.http.errors import error_of

ORIGIN = "https://journal.example"
TEXT = {"text": "joy"}


@contextmanager
def serving(**settings):
    with running(Settings(runners="fake", **settings)) as client:
        yield client


@pytest.fixture(scope="module")
def made():
    """The keys by name, and the content of their file."""
    past = datetime.now(UTC) - timedelta(days=1)
    pairs = [
        new_key("all", SCOPES),
        new_key("text", ["text"]),
        new_key("speech", ["speech"]),
        new_key("monitoring", ["monitoring"]),
        new_key("expired", SCOPES, expires=past),
        new_key("slow", ["text"], rate_limit="2/hour"),
    ]
    content = KeyFile(keys=tuple(stored for _, stored in pairs)).to_json()
    return {stored.name: key for key, stored in pairs}, content


@pytest.fixture(scope="module")
def api_keys(made):
    return made[0]


@pytest.fixture(scope="module")
def guarded(made):
    with serving(api_keys=made[1], cors_origins=[ORIGIN]) as client:
        yield client


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/healthz", "/health", "/", "/openapi.json", "/docs.json"]
)
def test_probes_and_descriptions_are_open(guarded, path):
    assert guarded.get(path).status_code == 200
    assert guarded.head(path).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/sw.js", "/page/app.js"])
def test_the_pages_files_are_open(guarded, path):
    assert guarded.get(path).status_code != 401  # 503 and 404: `make page` was not run


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/predict", "text"),
        ("POST", "/predict/", "text"),
        ("POST", "/predict_batch", "text"),
        ("POST", "/summarize/text", "text"),
        ("POST", "/analyze/journal", "text"),
        ("POST", "/insights/trends", "text"),
        ("POST", "/transcribe/voice", "speech"),
        ("POST", "/analyze/voice-journal", "speech"),
        ("POST", "/v1/audio/transcriptions", "speech"),
        ("POST", "/v1/audio/translations", "speech"),
        ("GET", "/v1/models", "speech"),
        ("HEAD", "/v1/models/whisper-1", "speech"),
        ("GET", "/metrics", "monitoring"),
        ("HEAD", "/models/status", "monitoring"),
    ],
)
def test_a_route_takes_keys_with_its_scope(guarded, api_keys, method, path, name):
    missing = guarded.request(method, path)
    assert missing.status_code == 401
    assert missing.headers["www-authenticate"] == 'Bearer realm="samo"'
    for allowed in (name, "all"):
        assert guarded.request(method, path, headers=bearer(api_keys[allowed])).status_code not in (
            401,
            403,
        )
    for other in {"text", "speech", "monitoring"} - {name}:
        refused = guarded.request(method, path, headers=bearer(api_keys[other]))
        assert refused.status_code == 403
        assert refused.headers["www-authenticate"] == (
            f'Bearer realm="samo", error="insufficient_scope", scope="{name}"'
        )


def test_the_errors_say_what_to_do_and_repeat_no_key(guarded, api_keys):
    wrong = api_keys["text"][:-1] + "~"
    for headers, code, said in [
        ({}, "invalid_api_key", "An API key is needed"),
        (bearer(wrong), "invalid_api_key", "is not valid"),
        ({"x-api-key": wrong}, "invalid_api_key", "is not valid"),
        (bearer(api_keys["expired"]), "invalid_api_key", "has expired"),
        ({"authorization": "Basic c2FtbzpzYW1v"}, "invalid_api_key", "An API key is needed"),
        ({"authorization": "Bearer"}, "invalid_api_key", "An API key is needed"),
    ]:
        response = guarded.post("/predict", json=TEXT, headers=headers)
        error = error_of(response, 401)
        assert error["code"] == code
        assert said in error["message"]
        assert "samo_" not in response.text
    error = error_of(guarded.get("/metrics", headers=bearer(api_keys["text"])), 403)
    assert error["code"] == "insufficient_scope"
    assert error["details"] == {"scope": "monitoring"}


def test_x_api_key_goes_before_a_gateways_own_token(guarded, api_keys):
    headers = {**bearer("gateways-token"), "x-api-key": api_keys["text"]}
    assert guarded.post("/predict", json=TEXT, headers=headers).status_code == 200
    headers = {**bearer(api_keys["text"]), "x-api-key": ""}
    assert guarded.post("/predict", json=TEXT, headers=headers).status_code == 200


def test_an_unknown_path_is_404_without_a_key(guarded):
    assert error_of(guarded.get("/nope"), 404)["code"] == "not_found"


def test_a_large_upload_without_a_key_is_refused_before_it_is_parsed(guarded):
    response = guarded.post("/transcribe/voice", files={"audio_file": b"x" * 2_000_000})
    assert error_of(response, 401)["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wrong", openai.AuthenticationError),
        ("text", openai.PermissionDeniedError),
    ],
)
def test_openais_client_raises_its_own_errors(guarded, api_keys, recording, name, expected):
    client = openai.OpenAI(
        api_key=api_keys.get(name, "wrong"),
        base_url="http://testserver/v1",
        http_client=guarded,
        max_retries=0,
    )
    with pytest.raises(expected) as raised:
        client.audio.transcriptions.create(model="whisper-1", file=("a.flac", recording))
    assert raised.value.code == ("invalid_api_key" if name == "wrong" else "insufficient_scope")
    works = client.with_options(api_key=api_keys["speech"])
    result = works.audio.transcriptions.create(model="whisper-1", file=("a.flac", recording))
    assert result.text


def test_a_key_with_a_limit_of_its_own(guarded, api_keys):
    answers = [
        guarded.post("/predict", json=TEXT, headers=bearer(api_keys["slow"])) for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    others = guarded.post("/predict", json=TEXT, headers=bearer(api_keys["text"]))
    assert others.status_code == 200
    assert "ratelimit-limit" not in others.headers


def test_a_key_that_is_changed_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("samo.access.key_ring.RELOAD_SECONDS", 0.0)
    file = tmp_path / "keys.json"
    old, stored_old = new_key("old", ["text"])
    new, stored_new = new_key("new", ["text"])
    file.write_text(KeyFile(keys=(stored_old,)).to_json())
    with serving(api_keys_file=file) as client:
        statuses = [client.post("/predict", json=TEXT, headers=bearer(old)).status_code]
        file.write_text(KeyFile(keys=(stored_new,)).to_json() + "\n")
        statuses += [
            client.post("/predict", json=TEXT, headers=bearer(key)).status_code
            for key in (old, new)
        ]
    assert statuses == [200, 401, 200]


# Browsers


def test_pages_of_allowed_origins_can_read_refusals(guarded, api_keys):
    for headers, status in [({}, 401), (bearer(api_keys["speech"]), 403)]:
        response = guarded.post("/predict", json=TEXT, headers={**headers, "origin": ORIGIN})
        assert response.status_code == status
        assert response.headers["access-control-allow-origin"] == ORIGIN
        exposed = response.headers["access-control-expose-headers"].split(", ")
        assert {"retry-after", "ratelimit-remaining", "x-request-id"} <= {*exposed}


def test_a_preflight_needs_no_key(guarded):
    response = guarded.options(
        "/predict",
        headers={
            "origin": ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,x-api-key",
        },
    )
    assert response.status_code == 200
    assert "authorization" in response.headers["access-control-allow-headers"]
    other = guarded.options(
        "/predict",
        headers={"origin": "https://else.example", "access-control-request-method": "POST"},
    )
    assert other.status_code == 405


def test_a_form_of_another_origins_page_does_not_make_the_service_work(client, recording):
    upload = {"files": {"audio_file": recording}}
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "http://testserver:9999"},
    ):
        error = error_of(client.post("/transcribe/voice", headers=headers, **upload), 403)
        assert error["code"] == "origin_not_allowed"
    for headers in (
        {},
        {"origin": "http://testserver"},
        {"sec-fetch-site": "same-origin", "origin": "https://public.example"},
    ):
        assert client.post("/transcribe/voice", headers=headers, **upload).status_code == 200


def test_every_response_has_security_headers(guarded):
    for path, status in [("/health", 200), ("/metrics", 401), ("/nope", 404)]:
        response = guarded.get(path)
        assert response.status_code == status
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-security-policy"] == "frame-ancestors 'none'"
        assert response.headers["referrer-policy"] == "no-referrer"


# Rate limits without keys


def test_addresses_are_limited_and_the_headers_tell():
    with serving(rate_limit="3/minute", cors_origins=[ORIGIN]) as client:
        answers = [client.post("/predict", json=TEXT, headers={"origin": ORIGIN}) for _ in range(4)]
        assert client.get("/health").status_code == 200  # not counted
        assert "ratelimit-limit" not in client.get("/health").headers
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer.headers["ratelimit-limit"] for answer in answers} == {"3"}
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {"3;w=60"}
    error = error_of(answers[3], 429)
    assert error["code"] == "rate_limited"
    assert error["details"]["counted"] == "requests"
    assert 58 <= int(answers[3].headers["retry-after"]) <= 60
    assert answers[3].headers["access-control-allow-origin"] == ORIGIN


def test_wrong_keys_are_counted_by_address(made):
    api_keys, content = made
    with serving(api_keys=content, rate_limit="3/minute") as client:
        guesses = [client.get("/metrics", headers=bearer(f"samo_{n}")) for n in range(5)]
        valid = client.get("/metrics", headers=bearer(api_keys["monitoring"]))
    assert [guess.status_code for guess in guesses] == [401, 401, 401, 429, 429]
    assert valid.status_code == 200


def test_openais_client_sees_a_rate_limit():
    with serving(rate_limit="1/minute") as http:
        client = openai.OpenAI(
            api_key="none", base_url="http://testserver/v1", http_client=http, max_retries=0
        )
        client.models.list()
        with pytest.raises(openai.RateLimitError) as raised:
            client.models.list()
    assert raised.value.code == "rate_limited"
    assert raised.value.type == "rate_limit_error"


def test_the_address_is_the_one_that_the_trusted_proxy_saw():
    with serving(rate_limit="1/minute", trusted_hops=1) as client:

        def status(forwarded):
            headers = {"x-forwarded-for": forwarded}
            return client.post("/predict", json=TEXT, headers=headers).status_code

        assert status("203.0.113.1") == 200
        assert status("203.0.113.2") == 200
        assert status("203.0.113.9, 203.0.113.2") == 429  # the left entry is the client's claim


def test_computing_is_limited_in_seconds(recording, monkeypatch):
    from runners import fakes

    def slow(self, prepared):
        import time

        time.sleep(0.4)
        return original(self, prepared)

    original = fakes.FakeTranscriber.predict
    monkeypatch.setattr(fakes.FakeTranscriber, "predict", slow)
    with serving(compute_limit="1/minute") as client:
        upload = {"files": {"audio_file": recording}}
        answers = [client.post("/transcribe/voice", **upload) for _ in range(6)]
    statuses = [answer.status_code for answer in answers]
    served = statuses.count(200)
    assert statuses == [200] * served + [429] * (6 - served)
    assert 2 <= served <= 3  # 0.4 s each, and decoding
    error = error_of(answers[-1], 429)
    assert error["details"]["counted"] == "seconds of computing"
    assert error["details"]["limit"] == 1
