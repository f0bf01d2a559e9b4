"""The trace that a request belongs to, from its headers."""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers

from samo.monitoring import tracing
from samo.monitoring.request_record import RequestRecord

# W3C's trace context: version, trace id, span id, flags; bit 0 says that the trace is recorded.
_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?"
)
# Google's own header: trace id, span id as a decimal number, whether the trace is recorded.
_GOOGLE: Final = re.compile(r"([0-9a-fA-F]{32})(?:/([0-9]{1,20}))?(?:;o=([01]))?")
_MAX_SPAN_ID: Final = 2**64


def note_trace(record: RequestRecord, headers: Headers) -> None:
    """Note trace and span: our own if spans are sent, else those that the headers name.

    Of the headers, `traceparent` goes first, then `X-Cloud-Trace-Context`. One of another form,
    which could be user text, is ignored.
    """
    if (span := tracing.current()) is not None:
        record.trace_id, record.span_id, record.trace_sampled = span
        return
    if found := _TRACEPARENT.fullmatch(headers.get("traceparent", "")):
        trace_id, span_id, flags = found.groups()
        sampled = bool(int(flags, 16) & 1)
    elif found := _GOOGLE.fullmatch(headers.get("x-cloud-trace-context", "")):
        trace_id, number, flag = found.groups()
        trace_id, span_id = trace_id.lower(), f"{int(number or 0) % _MAX_SPAN_ID:016x}"
        sampled = flag == "1"
    else:
        return
    if int(trace_id, 16):  # zero is invalid in both
        record.trace_id, record.trace_sampled = trace_id, sampled
        record.span_id = span_id if int(span_id, 16) else None
