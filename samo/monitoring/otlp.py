"""Spans that OpenTelemetry's SDK sends to an OTLP endpoint.

Only `samo.monitoring.tracing` imports this module, and only if an endpoint is configured.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from runners.errors import SamoError
from samo.monitoring.metrics import CLIENT_CLOSED_REQUEST
from samo.monitoring.spans import Attributes, RequestSpan, StepSpan, TraceContext

# Spans that are not sent yet have this long at shutdown; Cloud Run kills the process after 10 s.
_SHUTDOWN_SECONDS: Final = 2.0


class OtlpSpans:
    """Creates spans and sends them in batches from a thread."""

    def __init__(self, version: str) -> None:
        defaults = Resource.create({SERVICE_NAME: "samo", "service.version": version})
        named = OTELResourceDetector().detect()  # OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
        # not at exit, where the SDK would wait for up to 30 s
        self._provider = TracerProvider(resource=defaults.merge(named), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("samo", version)
        self._propagator = TraceContextTextMapPropagator()

    def stop(self) -> None:
        """Send the remaining spans, for at most two seconds."""
        # in a thread, because the exporter tries again while its endpoint does not answer
        thread = threading.Thread(target=self._provider.shutdown, daemon=True)
        thread.start()
        thread.join(_SHUTDOWN_SECONDS)

    @contextmanager
    def step(self, name: str, attributes: Attributes) -> Iterator[StepSpan]:
        """A span around a step."""
        with self._tracer.start_as_current_span(
            name,
            attributes={f"samo.{key}": value for key, value in attributes.items()},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:  # cancelled steps too
                _fail(span, error.code if isinstance(error, SamoError) else type(error).__name__)
                raise

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[RequestSpan]:
        """A span around a request, in the trace that its headers name."""
        with self._tracer.start_as_current_span(
            method,
            context=self._propagator.extract(headers),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield _OtlpRequestSpan(span, method)

    def current(self) -> TraceContext | None:
        """The current span, if there is one."""
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return None
        return TraceContext(
            f"{context.trace_id:032x}", f"{context.span_id:016x}", context.trace_flags.sampled
        )


class _OtlpRequestSpan:
    """A span by OpenTelemetry's conventions for HTTP servers."""

    def __init__(self, span: Span, method: str) -> None:
        self._span = span
        self._method = method

    def set_response(self, route: str, status: int) -> None:
        self._span.update_name(f"{self._method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == CLIENT_CLOSED_REQUEST:
            _fail(self._span, str(status))


def _fail(span: Span, reason: str) -> None:
    """Mark a span as failed; an exception's message may contain user text, so it is left out."""
    span.set_attribute("error.type", reason)
    span.set_status(StatusCode.ERROR)
