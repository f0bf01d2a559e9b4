from __future__ import annotations

import pytest

from tests.http.errors import error_of


def test_probes(client):
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_health(client):
    body = client.get("/health").json()
    assert body["status"] == "ok"
    assert body["models"] == {"transcriber": True, "emotion": True, "summarizer": True}


def test_models_status(client):
    body = client.get("/models/status").json()
    assert set(body) == {"transcriber", "emotion", "summarizer"}
    assert body["emotion"]["ready"] is True


def test_metrics_count_routes_not_paths(client):
    for number in range(20):
        client.get(f"/scan/{number}")
    client.post("/predict", json={"text": "joy"})
    text = client.get("/metrics").text
    assert "/scan" not in text
    assert 'samo_requests_total{route="/predict",status="200"}' in text
    assert 'samo_requests_total{route="other",status="404"}' in text
    assert 'samo_batch_items_count{model="emotion"}' in text


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_every_route_is_counted_by_its_path(client, method):
    for path in (
        "/", "/docs", "/docs.json", "/healthz", "/livez", "/openapi.json", "/page/", "/page/no.js",
        "/predict", "/readyz", "/sw.js", "/v1/models/x",
    ):  # fmt: skip
        client.request(method, path)
    text = client.get("/metrics").text
    assert 'samo_requests_total{route="/openapi.json",' in text
    assert 'route=""' not in text


def test_an_unknown_path_gets_the_envelope(client):
    assert error_of(client.get("/nope"), 404)["code"] == "not_found"


def test_a_wrong_method_gets_the_envelope(client):
    assert error_of(client.get("/predict"), 405)["code"] == "method_not_allowed"


def test_a_request_id_is_kept_and_a_bad_one_replaced(client):
    kept = client.get("/health", headers={"x-request-id": "abc-1"})
    assert kept.headers["x-request-id"] == "abc-1"
    replaced = client.get("/health", headers={"x-request-id": "a b\u00e9".encode()})
    assert replaced.headers["x-request-id"] != "a b\u00e9"


def test_openapi_describes_every_route_and_the_envelope(client):
    description = client.get("/openapi.json").json()
    assert {
        "/predict", "/predict_batch", "/transcribe/voice", "/summarize/text", "/analyze/journal",
        "/analyze/voice-journal", "/v1/audio/transcriptions", "/health", "/models/status",
        "/metrics", "/v1/audio/translations", "/v1/models", "/v1/models/{name}",
        "/insights/trends", "/monitoring/drift", "/monitoring/drift/reference",
        "/v1/jobs", "/v1/jobs/{job_id}", "/v1/jobs/{job_id}/result",
        "/v1/realtime/client_secrets", "/feedback", "/feedback/{user}",
    } == set(description["paths"])  # fmt: skip
    responses = description["paths"]["/predict"]["post"]["responses"]
    assert responses["200"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "PredictResponse"
    )
    assert responses["4XX"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "ErrorEnvelope"
    )


def test_no_page_loads_anything_from_elsewhere(client):
    assert "http" not in client.get("/").text
