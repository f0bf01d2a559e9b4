"""One log line per request, which is the audit line too.

It says who asked for what, how much, which models were used, how long it took and how it ended. It
contains no text of the request: the route in place of the path and its query, the name of the API
key in place of the key, and the client's address only if a setting asks for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import Scope

from runners.errors import SamoError
from samo.http.client_address import client_address
from samo.http.paths import RouteNames
from samo.http.probes import PROBES
from samo.monitoring import ab_metrics, metrics
from samo.monitoring.metrics import Outcome
from samo.monitoring.request_record import RequestRecord
from samo.settings import Settings

_UNAVAILABLE: Final = 503

_log = logging.getLogger("bentoml.samo.requests")  # below BentoML's logger, which has a handler


@dataclass(slots=True)  # frozen ones are slower to create
class RequestLine:
    """The log line of a request."""

    record: RequestRecord
    method: str
    route: str
    outcome: Outcome
    models: tuple[str, ...] = ()
    """Tags of the models in the store."""
    address: str | None = None
    trace_project: str | None = None

    def __str__(self) -> str:
        """The line for people."""
        record = self.record
        parts = [f"{self.method} {self.route} {record.status} {self.outcome}"]
        parts += [record.error_code] if record.error_code and self.outcome != "ok" else []
        parts += [f"without {','.join(record.degraded)}"] if record.degraded else []
        parts.append(f"{record.seconds * 1000:.1f} ms")
        parts.append(f"in {record.bytes_in} B, out {record.bytes_out} B")
        parts += [f"key {record.key}"] if record.key else []
        parts += [f"from {self.address}"] if self.address else []
        parts += [f"trace {record.trace_id}"] if record.trace_id else []
        parts += [f"span {record.span_id}"] if record.span_id else []
        return f"{', '.join(parts)}, {record.id}"

    def fields(self) -> dict[str, Any]:
        """The fields of the JSON object; docs/privacy.md explains them."""
        record = self.record
        request: dict[str, Any] = {
            "requestMethod": self.method,
            "requestUrl": self.route,
            "status": record.status,
            "latency": f"{record.seconds:.6f}s",
            "requestSize": str(record.bytes_in),  # 64-bit integers are strings in Google's JSON
            "responseSize": str(record.bytes_out),
        }
        if self.address:
            request["remoteIp"] = self.address
        fields: dict[str, Any] = {
            "message": f"{self.method} {self.route} {record.status} {self.outcome}",
            "httpRequest": request,
            "id": record.id,
            "key": record.key,
            "route": self.route,
            "status": record.status,
            "outcome": self.outcome,
            "code": None if self.outcome == "ok" else record.error_code,
            "degraded": record.degraded,
            "models": self.models,
            "bytes_in": record.bytes_in,
            "bytes_out": record.bytes_out,
            "milliseconds": round(record.seconds * 1000, 2),
        }
        if record.trace_id is not None:
            project = self.trace_project
            prefix = f"projects/{project}/traces/" if project else ""
            fields["logging.googleapis.com/trace"] = prefix + record.trace_id
            fields["logging.googleapis.com/trace_sampled"] = record.trace_sampled
            if record.span_id is not None:
                fields["logging.googleapis.com/spanId"] = record.span_id
        return fields


class RequestLog:
    """Counts, times and logs requests.

    Args:
        settings: Whether addresses are logged, and the project of the traces.
        names: Names the route of a path.
        model_tags: Returns the tag of each model by its name; models may be loaded later.
    """

    def __init__(
        self,
        settings: Settings,
        names: RouteNames | None = None,
        model_tags: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._settings = settings
        self._names = names or RouteNames(())
        self._model_tags = model_tags

    def observe(self, scope: Scope, headers: Headers, record: RequestRecord) -> None:
        """Count a request and write its line, with the route in place of the path.

        Args:
            scope: ASGI's scope of the request; its path and query are not logged.
            headers: Headers of the request; only the proxies' address is read, if at all.
            record: The complete record of the request.
        """
        route = self._names.name(scope["path"])
        outcome = outcome_of(record)
        metrics.observe_request(route, record.status, outcome, record.seconds)
        if record.caller is not None and record.asked_emotion:
            ab_metrics.observe_request(record.variant, outcome, record.seconds)
        level = logging.DEBUG if route in PROBES else _level(outcome, record.status)
        if _log.isEnabledFor(level):
            line = self._line(scope, headers, record, route, outcome)
            _log.log(level, "%s", line, extra={"structured": line})

    def _line(
        self, scope: Scope, headers: Headers, record: RequestRecord, route: str, outcome: Outcome
    ) -> RequestLine:
        settings = self._settings
        tags = self._model_tags() if record.models else {}
        hops = settings.trusted_hops
        return RequestLine(
            record,
            scope.get("method", "GET"),  # a WebSocket's handshake is a GET
            route,
            outcome,
            tuple(sorted(tags.get(name, name) for name in record.models)),
            client_address(scope, headers, hops) if settings.log_addresses else None,
            settings.log_trace_project,
        )


def observe_unparsed(error: SamoError, request_id: str, bytes_out: int) -> None:
    """Count and log a request that was refused before its head was parsed."""
    metrics.requests.labels("other", str(error.status)).inc()
    record = RequestRecord(
        request_id, status=error.status, error_code=error.code, bytes_out=bytes_out
    )
    line = RequestLine(record, "-", "other", "refused")
    _log.log(_level("refused", error.status), "%s", line, extra={"structured": line})


def outcome_of(record: RequestRecord) -> Outcome:
    """How a request ended."""
    status = record.status
    if status == metrics.CLIENT_CLOSED_REQUEST:
        return "cancelled"
    if record.is_refused:
        return "refused"
    # an error with a status below 400 has ended a stream
    if not record.is_complete or (record.error_code and status < 400):
        return "failed"
    if status >= 400:
        return "failed" if status >= 500 and status != _UNAVAILABLE else "refused"
    return "degraded" if record.degraded else "ok"


def _level(outcome: Outcome, status: int) -> int:
    if outcome == "failed":
        return logging.ERROR
    if outcome == "degraded" or status == _UNAVAILABLE:
        return logging.WARNING
    return logging.INFO
