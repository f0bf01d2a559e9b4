"""Paths as clients write them, HEAD, and no redirects."""

from __future__ import annotations

import pytest

from tests.http.errors import error_of

BASE = "http://testserver"  # two slashes after it would else be read as a host
GET = ["/", "/health", "/metrics", "/models/status", "/openapi.json", "/docs.json", "/livez",
       "/readyz", "/healthz", "/v1/models", "/v1/models/whisper-1"]  # fmt: skip


@pytest.mark.parametrize("path", GET)
def test_head_is_get_without_a_body(client, path):
    whole = client.get(path)
    head = client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.headers["x-request-id"]


def test_head_of_what_takes_a_body_is_a_405(client):
    head = client.head("/predict")
    assert (head.status_code, head.headers["allow"], head.content) == (405, "POST", b"")
    assert client.head("/nope").status_code == 404


def test_a_405_says_which_methods_there_are(client):
    for method, path, allowed in (("GET", "/predict", "POST"), ("PUT", "/health", "GET, HEAD")):
        response = client.request(method, path)
        assert allowed in error_of(response, 405)["message"]
        assert response.headers["allow"] == allowed


def test_the_index_is_ours_for_head_too(client):
    assert client.head("/").headers["content-length"] == str(len(client.get("/").content))


@pytest.mark.parametrize("path", ["/predict/", "//predict", "/predict//", "///predict///"])
def test_extra_slashes_are_passed_over(client, path):
    response = client.post(BASE + path, json={"text": "joy"}, follow_redirects=False)
    assert response.json()["emotions"][0]["emotion"] == "joy"


@pytest.mark.parametrize("path", [*(f"{path}/" for path in GET if path != "/"), "//health"])
def test_get_with_extra_slashes(client, path):
    assert client.get(BASE + path, follow_redirects=False).status_code == 200


def test_a_recording_with_extra_slashes(client, recording):
    for path in (
        "//v1/audio/transcriptions",
        "/v1//audio/transcriptions/",
        "/v1/v1/audio/transcriptions",
        "/v1/v1//audio/transcriptions/",
    ):
        response = client.post(BASE + path, files={"file": recording}, follow_redirects=False)
        assert response.json()["text"]


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/audio/transcriptions", "/v1/audio/transcriptions"),
        ("/api/v1/audio/translations", "/v1/audio/translations"),
        ("/v1/audio/transcription", "/v1/audio/transcriptions"),
        ("/V1/Audio/Transcriptions", "/v1/audio/transcriptions"),
        ("/models", "/v1/models"),
        ("/predict%20", "/predict"),
        ("/v1/predict", "/predict"),
        ("/predict-batch", "/predict_batch"),
        ("/analyze/journals", "/analyze/journal"),
        ("/voice-journal", "/analyze/voice-journal"),
    ],
)
def test_a_404_names_the_path_that_is_meant(client, path, meant):
    error = error_of(client.post(path, json={}, follow_redirects=False), 404)
    assert meant in error["message"]
    if not path.startswith("/v1/"):
        assert error["details"] == {"path": meant}


@pytest.mark.parametrize(
    "path",
    ["/nope", "/secret/diary", "/" + "predict" * 100, "/static_content", "/static_content/",
     "/assets", "/predict/joy", "/..%2f..%2fetc", "/%00"],
)  # fmt: skip
def test_other_paths_get_a_plain_404(client, path):
    error = error_of(client.get(path, follow_redirects=False), 404)
    assert error["code"] == "not_found"
    assert "diary" not in error["message"]


def test_metrics_name_the_route_of_a_rewritten_path(client):
    client.post(f"{BASE}//summarize//text/", json={"text": "joy"})
    text = client.get("/metrics").text
    assert 'samo_requests_total{route="/summarize/text",status="200"}' in text
    assert "//" not in text
