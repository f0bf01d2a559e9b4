"""The log line of a request: how it ended, its fields in JSON, its text, what it never contains."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
from bentoml._internal.log import TraceRecordFilter
from starlette.datastructures import Headers
from starlette.routing import Route

from runners.errors import HeadersTooLarge
from samo.http.paths import RouteNames
from samo.http.request_log import RequestLog, observe_unparsed, outcome_of
from samo.http.trace_context import note_trace
from samo.monitoring.log_format import install
from samo.monitoring.request_record import RequestRecord
from samo.settings import Settings
from tests import log_lines

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def record(**values):
    return RequestRecord("id-1", **{"status": 200, "is_complete": True, **values})


@pytest.fixture
def lines():
    """The lines of requests, each as text and as JSON."""
    with log_lines.collected("bentoml.samo.requests") as found:
        yield found


def observe(path="/predict", headers=None, seen=None, settings=None, routes=("/predict",)):
    names = RouteNames([Route(path, lambda request: None) for path in routes])
    log = RequestLog(settings or Settings(), names, lambda: {"emotion": "samo-emotion:abc"})
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"text=secret",
             "client": ("192.0.2.7", 50000)}  # fmt: skip
    log.observe(scope, Headers(headers or {}), seen or record())


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ({}, "ok"),
        ({"degraded": ["summary"]}, "degraded"),
        ({"status": 422, "error_code": "invalid_request"}, "refused"),
        ({"status": 503, "error_code": "overloaded"}, "refused"),
        ({"status": 500, "error_code": "model_failure"}, "failed"),
        ({"status": 504, "error_code": "deadline_exceeded"}, "failed"),
        ({"error_code": "model_failure"}, "failed"),  # in the middle of a stream
        ({"is_complete": False}, "failed"),
        ({"status": 499}, "cancelled"),
        ({"status": 499, "is_complete": False}, "cancelled"),
        ({"status": 0, "is_complete": False}, "failed"),
        ({"status": 304}, "ok"),
    ],
)
def test_outcomes(values, outcome):
    assert outcome_of(record(**values)) == outcome


def test_the_fields_of_a_line(lines):
    seen = record(key="phone", models={"emotion"}, seconds=0.01234, bytes_in=21, bytes_out=76)
    observe(seen=seen)
    ((text, line),) = lines
    assert text == "POST /predict 200 ok, 12.3 ms, in 21 B, out 76 B, key phone, id-1"
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "severity": "INFO",
        "message": "POST /predict 200 ok",
        "logger": "bentoml.samo.requests",
        "httpRequest": {
            "requestMethod": "POST",
            "requestUrl": "/predict",
            "status": 200,
            "latency": "0.012340s",
            "requestSize": "21",
            "responseSize": "76",
        },
        "id": "id-1",
        "key": "phone",
        "route": "/predict",
        "status": 200,
        "outcome": "ok",
        "code": None,
        "degraded": [],
        "models": ["samo-emotion:abc"],
        "bytes_in": 21,
        "bytes_out": 76,
        "milliseconds": 12.34,
    }


@pytest.mark.parametrize(
    ("values", "severity"),
    [
        ({"degraded": ["summary"]}, "WARNING"),
        ({"status": 422, "error_code": "invalid_request"}, "INFO"),
        ({"status": 503, "error_code": "overloaded"}, "WARNING"),
        ({"status": 500, "error_code": "model_failure"}, "ERROR"),
    ],
)
def test_severities(lines, values, severity):
    observe(seen=record(**values))
    ((_, line),) = lines
    assert line["severity"] == severity
    assert line["code"] == values.get("error_code")


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/predict", "/predict"),
        ("//predict/", "/predict"),
        ("/jobs/my-secret-diary", "/jobs/{name}"),
        ("/page/a/b", "/page/{path:path}"),
        ("/my/secret", "other"),
        ("/livez/secret", "other"),
    ],
)
def test_a_path_is_logged_as_its_route(lines, path, route):
    observe(path, routes=["/predict", "/jobs/{name}", "/page/{path:path}"])
    ((text, line),) = lines
    assert line["route"] == line["httpRequest"]["requestUrl"] == route
    assert "secret" not in text + json.dumps(line)


def test_probes_are_logged_at_debug_only(lines):
    observe("/livez")
    assert not lines
    logging.getLogger("bentoml.samo.requests").setLevel(logging.DEBUG)
    observe("/livez")
    assert lines[0][1]["severity"] == "DEBUG"


def test_an_address_is_logged_only_on_request(lines):
    headers = {"x-forwarded-for": "203.0.113.9, 198.51.100.1"}
    observe(headers=headers)
    observe(headers=headers, settings=Settings(log_addresses=True))
    observe(headers=headers, settings=Settings(log_addresses=True, trusted_hops=1))
    assert [line["httpRequest"].get("remoteIp") for _, line in lines] == [
        None, "192.0.2.7", "198.51.100.1",
    ]  # fmt: skip
    assert "from 198.51.100.1" in lines[2][0]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"traceparent": f"00-{TRACE}-{SPAN}-01"}, (TRACE, SPAN, True)),
        ({"traceparent": f"00-{TRACE}-{SPAN}-00"}, (TRACE, SPAN, False)),
        ({"traceparent": f"cc-{TRACE}-{SPAN}-03-later"}, (TRACE, SPAN, True)),
        ({"x-cloud-trace-context": f"{TRACE.upper()}/255;o=1"}, (TRACE, f"{255:016x}", True)),
        ({"x-cloud-trace-context": TRACE}, (TRACE, None, False)),
        ({"traceparent": f"00-{TRACE}-{SPAN}-01", "x-cloud-trace-context": "1" * 32},
         (TRACE, SPAN, True)),
        ({"traceparent": "my secret diary"}, (None, None, False)),
        ({"traceparent": f"00-{'0' * 32}-{SPAN}-01"}, (None, None, False)),
        ({"traceparent": f"ff-{TRACE}-{SPAN}-01"}, (None, None, False)),
        ({"x-cloud-trace-context": f"{TRACE}/1;o=1; secret"}, (None, None, False)),
    ],
)  # fmt: skip
def test_traces_from_headers(headers, expected):
    seen = record()
    note_trace(seen, Headers(headers))
    assert (seen.trace_id, seen.span_id, seen.trace_sampled) == expected


def test_the_trace_in_a_line(lines):
    seen = record(trace_id=TRACE, span_id=SPAN, trace_sampled=True)
    observe(seen=seen)
    observe(seen=seen, settings=Settings(log_trace_project="my-project"))
    assert f", trace {TRACE}, span {SPAN}, id-1" in lines[0][0]
    first, second = (line for _, line in lines)
    assert first["logging.googleapis.com/trace"] == TRACE
    assert second["logging.googleapis.com/trace"] == f"projects/my-project/traces/{TRACE}"
    assert second["logging.googleapis.com/spanId"] == SPAN
    assert second["logging.googleapis.com/trace_sampled"] is True


def test_bentomls_handler_gets_the_short_text_format():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(TraceRecordFilter())
    logger = logging.getLogger("bentoml.samo.jobs")
    logger.addHandler(handler)
    try:
        install("text")
        logger.warning("A job")
    finally:
        logger.removeHandler(handler)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} WARNING samo.jobs A job\n", stream.getvalue()
    )


def test_a_request_that_was_never_parsed_has_a_line_too(lines):
    observe_unparsed(HeadersTooLarge("Send less."), "id-2", 120)
    ((text, line),) = lines
    assert "431 refused, headers_too_large" in text
    assert (line["id"], line["route"], line["bytes_out"]) == ("id-2", "other", 120)
