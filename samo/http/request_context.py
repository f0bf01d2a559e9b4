"""What every request and every WebSocket has around it: id, trace, error format, time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from starlette.datastructures import Headers
from starlette.types import Scope

from runners.usage import collect_models
from samo.http.envelope import error_format, error_format_of, request_id
from samo.http.trace_context import note_trace
from samo.monitoring import metrics
from samo.monitoring.request_record import RequestRecord, current


@contextlib.contextmanager
def request_context(scope: Scope, headers: Headers, record: RequestRecord) -> Iterator[None]:
    """Make a request the current one; at the end its record has its time and models."""
    note_trace(record, headers)
    tokens = (
        request_id.set(record.id),
        current.set(record),
        error_format.set(error_format_of(scope["path"])),
    )
    start = time.perf_counter()
    metrics.requests_in_progress.inc()
    try:
        with collect_models(record.models):
            yield
    finally:
        metrics.requests_in_progress.dec()
        record.seconds = time.perf_counter() - start
        request_id.reset(tokens[0])
        current.reset(tokens[1])
        error_format.reset(tokens[2])
