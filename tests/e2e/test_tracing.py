"""Traces of a real server, sent to a real receiver of OTLP."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time

import pytest

from runners.errors import StartError
from samo.settings import Settings, TracingSettings
from tests.conftest import RECORDING, ROOT, running
from tests.e2e.conftest import free_port, serving
from tests.e2e.otlp_receiver import receiving

SECRET = "xylophone"  # user text, which no span may contain


@pytest.fixture(scope="module")
def receiver():
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def traced(receiver, tmp_path_factory):
    log = tmp_path_factory.mktemp("traced") / "log"
    with serving(
        log,
        SAMO_RUNNERS="fake",
        OTEL_BSP_SCHEDULE_DELAY="50",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
    ) as client:
        yield client


@pytest.fixture
def trace():
    """A new trace, as (trace id, span id, headers)."""
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
    return trace_id, span_id, {"traceparent": f"00-{trace_id}-{span_id}-01"}


def attributes(span):
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


def test_a_spoken_entry_has_a_span_for_each_step_in_the_clients_trace(traced, receiver, trace):
    trace_id, span_id, headers = trace
    files = {"audio_file": (f"{SECRET}.flac", RECORDING.read_bytes())}
    response = traced.post("/analyze/voice-journal", files=files, headers=headers)
    assert response.status_code == 200
    spans = receiver.wait_for_trace(trace_id, "POST /analyze/voice-journal")
    root = spans.pop("POST /analyze/voice-journal")
    assert root.kind == root.SPAN_KIND_SERVER
    assert root.parent_span_id.hex() == span_id
    assert attributes(root) == {
        "http.request.method": "POST",
        "http.route": "/analyze/voice-journal",
        "http.response.status_code": 200,
    }
    assert {*spans} == {"decode", "transcribe", "split", "classify", "aggregate", "summarize"}
    for span in spans.values():
        assert span.parent_span_id == root.span_id
        assert root.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= root.end_time_unix_nano
        assert span.status.code != span.status.STATUS_CODE_ERROR
    assert attributes(spans["transcribe"])["samo.audio_seconds"] == pytest.approx(11, abs=0.1)


def test_a_failed_step_is_marked_without_the_message_of_its_error(traced, receiver, trace):
    trace_id, _, headers = trace
    text = f"I felt joy with {SECRET}. crash"
    assert traced.post("/predict", json={"text": text}, headers=headers).status_code == 500
    spans = receiver.wait_for_trace(trace_id, "POST /predict")
    root = spans["POST /predict"]
    assert root.status.code == root.status.STATUS_CODE_ERROR
    assert attributes(root)["error.type"] == "500"
    assert not root.events


def test_a_client_error_is_no_failure_of_the_service(traced, receiver, trace):
    trace_id, _, headers = trace
    assert traced.get(f"/{SECRET}?q={SECRET}", headers=headers).status_code == 404
    root = receiver.wait_for_trace(trace_id, "GET other")["GET other"]
    assert root.status.code != root.status.STATUS_CODE_ERROR


def test_an_odd_method_does_not_get_into_a_span(traced, receiver, trace):
    trace_id, _, headers = trace
    assert traced.request("PROPFIND", "/predict", headers=headers).status_code == 405
    receiver.wait_for_trace(trace_id, "_OTHER /predict")


@pytest.mark.parametrize("header", ["nonsense", "00-" + 32 * "0" + "-" + 16 * "0" + "-01", SECRET])
def test_an_invalid_traceparent_starts_a_new_trace(traced, receiver, header):
    before = len(receiver.spans)
    traced.post("/predict", json={"text": "joy"}, headers={"traceparent": header})
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        roots = [s for s in receiver.spans[before:] if s.name == "POST /predict"]
        if roots:
            break
        time.sleep(0.05)
    assert roots
    assert not roots[0].parent_span_id
    assert int(roots[0].trace_id.hex(), 16)


def test_a_trace_that_the_caller_does_not_record_is_not_sent(traced, receiver, trace):
    trace_id, span_id, _ = trace
    headers = {"traceparent": f"00-{trace_id}-{span_id}-00"}
    traced.post("/predict", json={"text": "joy"}, headers=headers)
    time.sleep(0.5)  # ten times the delay after which spans are sent
    assert _count(receiver, trace_id) == 0


def _count(receiver, trace_id):
    return sum(span.trace_id.hex() == trace_id for span in receiver.spans)


def test_probes_have_no_spans(traced, receiver, trace):
    trace_id, _, headers = trace
    for path in ("/livez", "/readyz", "/metrics"):
        assert traced.get(path, headers=headers).status_code == 200
    time.sleep(0.5)
    assert _count(receiver, trace_id) == 0


def test_the_resource_names_the_service(traced, receiver, trace):
    trace_id, _, headers = trace
    traced.post("/predict", json={"text": "joy"}, headers=headers)
    receiver.wait_for_trace(trace_id, "POST /predict")
    (resource, *_) = receiver.requests[-1].resource_spans
    assert attributes(resource.resource)["service.name"] == "samo"


def test_no_user_text_was_sent(traced, receiver):
    assert receiver.bodies
    assert not [body for body in receiver.bodies if SECRET.encode() in body.lower()]


def test_the_last_spans_are_sent_at_shutdown(monkeypatch, receiver, trace):
    trace_id, _, headers = trace
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    with running(Settings(runners="fake")) as client:
        client.post("/predict", json={"text": "joy"}, headers=headers)
        assert _count(receiver, trace_id) == 0
    assert _count(receiver, trace_id) > 0


def test_a_receiver_that_does_not_answer_disturbs_no_request(monkeypatch, caplog):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    with running(Settings(runners="fake")) as client:
        response = client.post("/predict", json={"text": f"I felt joy with {SECRET}."})
        assert response.status_code == 200
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:otlp"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/none.pem"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_SDK_DISABLED", "perhaps"),
    ],
)
def test_a_setting_that_cannot_be_honoured_stops_the_start(monkeypatch, name, value):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")
    monkeypatch.setenv(name, value)
    with pytest.raises(StartError, match=name):
        TracingSettings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none"), ("UNRELATED", "1")],
)
def test_without_an_endpoint_or_switched_off_no_traces_are_sent(monkeypatch, name, value):
    if name != "UNRELATED":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    monkeypatch.setenv(name, value)
    assert not TracingSettings.load().enabled


def test_without_an_endpoint_the_sdk_is_not_imported():
    program = (
        "import sys, service; "
        "sys.exit('samo.monitoring.otlp' in sys.modules or 'opentelemetry.sdk.trace.export' in "
        "sys.modules)"
    )
    environment = {**os.environ, "SAMO_RUNNERS": "fake"}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)
