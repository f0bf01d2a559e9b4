"""Measure what metrics and traces add to a request.

    python -m loadtests.monitoring_cost

All figures are CPU time, which other processes do not lengthen.

Metrics: the calls that a request of /predict makes, in a loop. Traces: the application is called in
this process, with fake runners, with and without spans in turns; they are sent to a receiver in
this process.
"""

from __future__ import annotations

import asyncio
import http.server
import logging
import os
import statistics
import threading
import time
import timeit
from collections.abc import Callable
from typing import Any, Final

import samo
from loadtests.access_cost import Variant, create_asgi, measure
from loadtests.machine import describe_machine
from runners.batch import Batch
from runners.emotion.prediction import Emotion
from runners.queueing import QueuedItem, Request
from samo.monitoring import metrics, tracing
from samo.monitoring.models import text_batch_observer
from samo.settings import Settings

_LOOPS: Final = 2_000
_TURNS: Final = 7
_REQUESTS: Final = 300
_HEADERS: Final = [(b"host", b"127.0.0.1:3000"), (b"content-type", b"application/json")]


def main() -> None:
    """Measure and print."""
    logging.disable(logging.WARNING)  # the line per request costs the same in all variants
    print(f"{describe_machine()}; medians of {_TURNS} turns")
    print(f"metrics of a request            {_microseconds(_count_request):6.1f} µs")
    print(f"the same with labels() each     {_microseconds(_count_with_labels):6.1f} µs")
    print(f"six steps without spans         {_microseconds(_six_steps):6.1f} µs")
    without, with_spans = asyncio.run(_request_times())
    print(f"/predict without spans          {without:6.1f} µs")
    print(f"/predict with spans             {with_spans:6.1f} µs ({with_spans - without:+.1f})")


def _microseconds(call: Callable[[], object]) -> float:
    """CPU time of a call, which other processes do not lengthen."""
    turns = timeit.repeat(call, timer=time.process_time, number=_LOOPS, repeat=_TURNS)
    return statistics.median(turns) / _LOOPS * 1e6


_EMOTIONS: Final = [Emotion("joy", 0.9), Emotion("love", 0.5)]
_observe_batch: Final = text_batch_observer("emotion")


def _one_batch() -> Batch[Any, Any]:
    loop = asyncio.new_event_loop()
    item: QueuedItem[Any, Any] = QueuedItem("", 12, loop.create_future(), Request(0, 12))
    loop.close()
    batch: Batch[Any, Any] = Batch.start([item])
    batch.succeeded = True
    return batch


_BATCH: Final = _one_batch()


def _count_request() -> None:
    metrics.requests_in_progress.inc()
    _observe_batch(_BATCH)
    metrics.observe_emotions(_EMOTIONS)
    metrics.observe_request("/predict", 200, "ok", 0.02)
    metrics.requests_in_progress.dec()


def _count_with_labels() -> None:
    """The same counts, if every call looked its series up."""
    metrics.requests_in_progress.inc()
    metrics.batch_items.labels("emotion").observe(1)
    metrics.batch_seconds.labels("emotion").observe(0.01)
    metrics.queue_wait_seconds.labels("emotion").observe(0.001)
    metrics.tokens.labels("emotion").inc(12)
    for emotion in _EMOTIONS:
        metrics.emotions.labels(emotion.name).inc()
    metrics.confidence.observe(0.9)
    metrics.requests.labels("/predict", "200").inc()
    metrics.request_seconds.labels("/predict", "ok").observe(0.02)
    metrics.requests_in_progress.dec()


def _six_steps() -> None:
    for name in ("decode", "transcribe", "split", "classify", "aggregate", "summarize"):
        with tracing.step(name, texts=1):
            pass


class _Receiver(http.server.BaseHTTPRequestHandler):
    """Takes spans and forgets them."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass


async def _request_times() -> tuple[float, float]:
    """CPU time of a request without and with spans, in turns, in microseconds."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fake = Settings(runners="fake", allow_anonymous=True)
    plain = Variant("without", create_asgi(fake), _HEADERS)
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
    traced = Variant("with", create_asgi(fake), _HEADERS)
    without, with_spans = [], []
    for _ in range(_TURNS):
        without.append(await _cpu_microseconds(plain))
        tracing.start(samo.__version__)
        with_spans.append(await _cpu_microseconds(traced))
        tracing.stop()
    server.shutdown()
    return statistics.median(without), statistics.median(with_spans)


async def _cpu_microseconds(variant: Variant) -> float:
    """CPU time of a request, in all threads: the one that sends spans too."""
    start = time.process_time()
    await measure([variant], 1, _REQUESTS)
    # one turn more, which warms up
    return (time.process_time() - start) / (2 * _REQUESTS) * 1e6


if __name__ == "__main__":
    main()
