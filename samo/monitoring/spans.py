"""What the service needs of spans, without OpenTelemetry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

Attributes = Mapping[str, int | float | str]


class StepSpan(Protocol):
    """The span of a step."""

    def set_attribute(self, key: str, value: int | float | str) -> None:
        """Describe the step by a number, or by a word that is not text of the request."""
        ...


class RequestSpan(Protocol):
    """The span of a request."""

    def set_response(self, route: str, status: int) -> None:
        """Describe how the request was answered; `route` is one of the routes, or "other"."""
        ...


class TraceContext(NamedTuple):
    """The current span, as W3C's trace context names it."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    sampled: bool
    """Whether the span is sent."""
