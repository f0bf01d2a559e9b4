"""Requests over real HTTP, with fake models: origins, large bodies, unusual paths."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import openai
import pytest

from samo import limits
from tests.e2e.conftest import serving

ORIGIN = "https://journal.example"


@pytest.fixture(scope="module")
def fake_server(tmp_path_factory) -> Iterator[httpx.Client]:
    log = tmp_path_factory.mktemp("fake") / "log"
    origins = f"http://other.example, {ORIGIN}"
    with serving(log, SAMO_RUNNERS="fake", SAMO_CORS_ORIGINS=origins) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/livez", 200), ("GET", "/readyz", 200), ("HEAD", "/health", 200),
        ("GET", "/nope", 404), ("GET", "/predict", 405), ("POST", "/predict/", 422),
        ("POST", "/livez", 405), ("OPTIONS", "/readyz", 200), ("OPTIONS", "/nope", 200),
    ],
)  # fmt: skip
def test_every_response_has_cors_headers(fake_server, method, path, status):
    headers = {"origin": ORIGIN, "access-control-request-method": "GET"}
    response = fake_server.request(method, path, headers=headers)
    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize("path", ["/transcribe/voice", "/predict", "/predict_batch"])
def test_the_413_of_a_large_body_has_cors_headers(fake_server, path):
    body = bytes(limits.MAX_FORM_BYTES + 1)
    kind = "multipart/form-data; boundary=b" if "voice" in path else "application/json"
    headers = {"origin": ORIGIN, "content-type": kind}
    response = fake_server.post(path, content=body, headers=headers)
    assert response.status_code == 413
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.json()["error"]["code"] == "payload_too_large"


def test_a_large_chunked_json_body_is_refused(fake_server):
    chunks = (b"[" * 65_536 for _ in range(200))
    headers = {"content-type": "application/json"}
    assert fake_server.post("/predict", content=chunks, headers=headers).status_code == 413
    assert fake_server.post("/predict", json={"text": "joy"}).status_code == 200


def test_a_body_of_another_content_type_is_refused(fake_server):
    form = {"content-type": "application/x-www-form-urlencoded"}
    response = fake_server.post("/transcribe/voice", content=b"&" * 20_000_000, headers=form)
    assert response.status_code == 415


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [
        ("/transcribe/voice", "application/x-www-form-urlencoded", 415),
        ("/transcribe/voice", "multipart/form-data; boundary=b", 400),
        ("/predict", "application/json", 413),
        ("/audio/transcriptions", "multipart/form-data; boundary=b", 404),
    ],
)
def test_a_client_that_closes_the_connection_can_read_the_error(
    fake_server, path, content_type, status
):
    headers = {"connection": "close", "content-type": content_type}
    response = fake_server.post(path, content=b"&" * 20_000_000, headers=headers)
    assert response.status_code == status


@pytest.mark.parametrize("path", ["/predict/", "//predict", "/static_content", "/health/", "/a/"])
def test_no_response_is_a_redirect(fake_server, path):
    response = httpx.get(
        str(fake_server.base_url).rstrip("/") + path,
        headers={"x-forwarded-proto": "https", "host": "localhost"},
    )
    assert response.status_code in (200, 404, 405)
    assert "location" not in response.headers


def test_the_official_client(fake_server, recording):
    base = str(fake_server.base_url).rstrip("/") + "/v1/"
    with openai.OpenAI(api_key="none", base_url=base, max_retries=0) as client:
        create = client.audio.transcriptions.create
        events = create(model="whisper-1", file=("a.flac", recording), stream=True)
        assert [event.type for event in events][-1] == "transcript.text.done"
        assert "whisper-1" in [model.id for model in client.models.list()]
        with pytest.raises(openai.UnprocessableEntityError, match="known_speaker_names"):
            create(
                model="whisper-1",
                file=("a.flac", recording),
                extra_body={"known_speaker_names[]": "Ana"},
            )
