"""Traces: a span for each request, and one for each step in it.

Until `start` is called there are no spans, and OpenTelemetry's SDK is not even imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final

from samo.monitoring.spans import RequestSpan, StepSpan, TraceContext

if TYPE_CHECKING:
    from samo.monitoring.otlp import OtlpSpans

_NO_SPAN: Final = nullcontext()

_spans: OtlpSpans | None = None


def start(version: str) -> None:
    """Send spans to the endpoint that OpenTelemetry's variables name."""
    global _spans
    from samo.monitoring.otlp import OtlpSpans

    _spans = OtlpSpans(version)


def stop() -> None:
    """Send the remaining spans, for at most two seconds, and stop."""
    global _spans
    spans, _spans = _spans, None
    if spans is not None:
        spans.stop()


def step(name: str, **attributes: int | float | str) -> AbstractContextManager[StepSpan | None]:
    """A span around a step of the current request; None if no spans are sent.

    Attributes are counts, seconds and names of the code, never text of the request.
    """
    return _NO_SPAN if _spans is None else _spans.step(name, attributes)


def request(method: str, headers: Mapping[str, str]) -> AbstractContextManager[RequestSpan | None]:
    """A span around a request; None if no spans are sent.

    Args:
        method: One of HTTP's methods.
        headers: `traceparent` and `tracestate`, if the request has them.
    """
    return _NO_SPAN if _spans is None else _spans.request(method, headers)


def current() -> TraceContext | None:
    """The current span; None if there is none or no spans are sent."""
    return None if _spans is None else _spans.current()
