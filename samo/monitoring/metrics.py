"""The Prometheus metrics of /metrics.

Labels have a bounded number of values, such as routes, models and error codes; never raw paths or
texts. docs/operations.md has a table of all metrics. `labels()` takes longer than counting, so
functions that run for each request keep what it returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from runners.emotion.prediction import Emotion

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

# nginx's status if the client disconnects before the response; for the log and the metrics.
CLIENT_CLOSED_REQUEST: Final = 499

Outcome = Literal["ok", "degraded", "refused", "failed", "cancelled"]
"""How a request ended, in the log and the metrics."""

# Without it each counter and histogram has a second series with the time of its creation.
disable_created_metrics()  # type: ignore[no-untyped-call]

registry: Final = CollectorRegistry()
# Memory, CPU, open files and start of this process; on Linux only.
ProcessCollector(registry=registry)

_REQUEST_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_BATCH_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WAIT_BUCKETS: Final = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)
_REAL_TIME_BUCKETS: Final = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2, 5)
_CONFIDENCE_BUCKETS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

requests: Final = Counter(
    "samo_requests", "Requests, by route and status.", ["route", "status"], registry=registry
)
request_seconds: Final = Histogram(
    "samo_request_seconds",
    "Seconds from the headers of a request to the end of its response, by route and outcome.",
    ["route", "outcome"],
    buckets=_REQUEST_BUCKETS,
    registry=registry,
)
requests_in_progress: Final = Gauge(
    "samo_requests_in_progress", "Requests without a complete response.", registry=registry
)
errors: Final = Counter(
    "samo_errors",
    "Errors in responses and of failed jobs, by code; the texts of /predict_batch have one each.",
    ["code"],
    registry=registry,
)
degraded: Final = Counter(
    "samo_degraded", "Insights without the result of a step, by step.", ["step"], registry=registry
)
batch_items: Final = Histogram(
    "samo_batch_items",
    "Items per batch, by model.",
    ["model"],
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
    registry=registry,
)
batch_seconds: Final = Histogram(
    "samo_batch_seconds",
    "Seconds of computing per batch, by model.",
    ["model"],
    buckets=_BATCH_BUCKETS,
    registry=registry,
)
queue_length: Final = Gauge(
    "samo_queue_length", "Items in the queue of a model.", ["model"], registry=registry
)
queue_wait_seconds: Final = Histogram(
    "samo_queue_wait_seconds",
    "Seconds that a request waits until its first item leaves the queue, by model.",
    ["model"],
    buckets=_WAIT_BUCKETS,
    registry=registry,
)
tokens: Final = Counter(
    "samo_tokens",
    "Input tokens of the classifier and the summarizer, by model.",
    ["model"],
    registry=registry,
)
audio_seconds: Final = Counter(
    "samo_audio_seconds", "Seconds of audio transcribed.", registry=registry
)
real_time_factor: Final = Histogram(
    "samo_transcription_real_time_factor",
    "Seconds of computing per second of audio, of each recording or part of one.",
    buckets=_REAL_TIME_BUCKETS,
    registry=registry,
)
emotions: Final = Counter(
    "samo_emotions",
    "Emotions decided for texts and entries, by label.",
    ["label"],
    registry=registry,
)
confidence: Final = Histogram(
    "samo_emotion_confidence",
    "Confidence of the first emotion of a text or entry.",
    buckets=_CONFIDENCE_BUCKETS,
    registry=registry,
)
feedback: Final = Counter(
    "samo_feedback",
    "Feedback that was stored, by the route of its response.",
    ["route"],
    registry=registry,
)
feedback_kinds: Final = Counter(
    "samo_feedback_kinds",
    "What people said in feedback that was stored, by kind: one feedback may have several.",
    ["kind"],
    registry=registry,
)
feedback_database_errors: Final = Counter(
    "samo_feedback_database_errors",
    "Failed attempts to use the database of feedback, by requests and in the background.",
    registry=registry,
)
answers_waiting: Final = Gauge(
    "samo_answers_waiting", "Predictions that wait to be written for feedback.", registry=registry
)
answers_dropped: Final = Counter(
    "samo_answers_dropped",
    "Predictions that were not stored; feedback on them is refused.",
    registry=registry,
)
feedback_ready: Final = Gauge(
    "samo_feedback_ready",
    "1 if the database of feedback can be used; 0 if not, or if feedback is off.",
    registry=registry,
)
live_sessions: Final = Gauge(
    "samo_live_sessions", "Live sessions that are open.", registry=registry
)
live_refusals: Final = Counter(
    "samo_live_refusals", "Live sessions refused because too many were open.", registry=registry
)
live_turn_seconds: Final = Histogram(
    "samo_live_turn_seconds",
    "Seconds from the end of a live turn to its transcript.",
    buckets=(0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30),
    registry=registry,
)
model_ready: Final = Gauge(
    "samo_model_ready",
    "1 if a model computes; 0 if it is failing, stuck or unavailable.",
    ["model"],
    registry=registry,
)
model_info: Final = Gauge(
    "samo_model_info", "The loaded models; always 1.", ["model", "tag"], registry=registry
)
model_reloads: Final = Counter(
    "samo_model_reloads",
    "Promoted versions of the emotion model that the running service loaded, or could not.",
    ["outcome"],
    registry=registry,
)
build_info: Final = Gauge(
    "samo_build_info", "The version of the service; always 1.", ["version"], registry=registry
)


jobs: Final = Counter("samo_jobs", "Jobs that entered a state.", ["state"], registry=registry)


@cache
def _request_series(route: str, status: int, outcome: str) -> tuple[Counter, Histogram]:
    return requests.labels(route, str(status)), request_seconds.labels(route, outcome)


def observe_request(route: str, status: int, outcome: Outcome, seconds: float) -> None:
    """Count a request and its time; `route` is one of the routes, or "other"."""
    counter, histogram = _request_series(route, status, outcome)
    counter.inc()
    histogram.observe(seconds)


def observe_emotions(decided: Sequence[Emotion]) -> None:
    """Count the emotions decided for a text or entry, the most confident first."""
    for emotion in decided:
        _emotion_series(emotion.name).inc()
    if decided:
        confidence.observe(decided[0].confidence)


@cache
def _emotion_series(label: str) -> Counter:
    return emotions.labels(label)


def render() -> bytes:
    """The metrics in Prometheus' text format."""
    return generate_latest(registry)
