"""The Prometheus metrics of /metrics. Labels are routes and models, never raw paths or texts."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

registry: Final = CollectorRegistry()
requests: Final = Counter(
    "samo_requests", "Requests, by route and status.", ["route", "status"], registry=registry
)
request_seconds: Final = Histogram(
    "samo_request_seconds",
    "Seconds from the headers of a request to the end of its response.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=registry,
)
batch_items: Final = Histogram(
    "samo_batch_items",
    "Items per batch.",
    ["model"],
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
    registry=registry,
)
batch_seconds: Final = Histogram(
    "samo_batch_seconds",
    "Seconds of computing per batch.",
    ["model"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=registry,
)
queue_length: Final = Gauge(
    "samo_queue_length", "Items in the queue of a model.", ["model"], registry=registry
)
audio_seconds: Final = Counter(
    "samo_audio_seconds", "Seconds of audio transcribed.", registry=registry
)
live_sessions: Final = Gauge("samo_live_sessions", "Live sessions.", registry=registry)
live_refusals: Final = Counter(
    "samo_live_refusals", "Live sessions refused because too many were open.", registry=registry
)
live_turn_seconds: Final = Histogram(
    "samo_live_turn_seconds",
    "Seconds from the last audio of a turn to its transcript.",
    buckets=(0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30),
    registry=registry,
)


def render() -> bytes:
    """The metrics in Prometheus' text format."""
    return generate_latest(registry)
