"""Whether the service keeps its objective: its requests and its processes."""

from __future__ import annotations

from typing import Final

from monitoring.panel import Panel, Query, Row
from monitoring.promql import JOB, RATE_WINDOW, SERVED, quantile, rate

_SUCCESSFUL: Final = 'outcome=~"degraded|ok"'
_ROUTES_OF_TEXT: Final = f'{JOB},route=~"/analyze/journal|/predict|/summarize/text",{_SUCCESSFUL}'

SERVICE_LEVEL: Final = Row(
    "Service level",
    (
        Panel(
            "Availability, 1 hour",
            "Share of requests that were not answered with a 5xx. The objective is 99.5 %.",
            (Query(f"1 - max(samo:error_ratio:1h{{{JOB}}})", "availability"),),
            "percentunit",
            is_stat=True,
        ),
        Panel(
            "Error budget burn, 1 hour",
            "How many times faster than allowed the errors use up the error budget. At 1 it lasts "
            "for exactly 28 days, at 14.4 for two.",
            (Query(f"max(samo:error_ratio:1h{{{JOB}}}) / 0.005", "burn rate"),),
            is_stat=True,
        ),
        Panel(
            "p95 of texts",
            "95 % of the typed texts and entries were answered within this time. The objective is "
            "0.5 s.",
            (Query(quantile(0.95, "samo_request_seconds", where=_ROUTES_OF_TEXT), "p95"),),
            "s",
            is_stat=True,
        ),
        Panel(
            "Alerts",
            "Alerts that fire now. docs/operations.md says what to do.",
            (
                Query(
                    'count(ALERTS{alertstate="firing",alertname=~"Samo.*"}) or vector(0)', "firing"
                ),
            ),
            is_stat=True,
        ),
        Panel(
            "Models that do not compute",
            "Models that are failing, stuck or unavailable, on all instances.",
            (Query(f"count(samo_model_ready{{{JOB}}} == 0) or vector(0)", "models"),),
            is_stat=True,
        ),
        Panel(
            "Uptime",
            "Time since the youngest instance was started.",
            (Query(f"time() - max(process_start_time_seconds{{{JOB}}})", "uptime"),),
            "dtdurations",
            is_stat=True,
        ),
    ),
)

REQUESTS: Final = Row(
    "Requests",
    (
        Panel(
            "Requests by route",
            "Requests per second, without probes.",
            (Query(rate("samo_requests_total", "route", SERVED), "{{route}}"),),
            "reqps",
        ),
        Panel(
            "Requests by status",
            "Requests per second, without probes. 499: the client disconnected.",
            (Query(rate("samo_requests_total", "status", SERVED), "{{status}}"),),
            "reqps",
        ),
        Panel(
            "p95 by route",
            "95 % of the successful requests took less.",
            (
                Query(
                    quantile(0.95, "samo_request_seconds", "route", f"{SERVED},{_SUCCESSFUL}"),
                    "{{route}}",
                ),
            ),
            "s",
        ),
        Panel(
            "Errors by code",
            "Errors in responses per second; docs/api.md explains the codes.",
            (Query(rate("samo_errors_total", "code"), "{{code}}"),),
            "reqps",
        ),
        Panel(
            "Degraded insights by step",
            "Insights per second that lack the result of a step.",
            (Query(rate("samo_degraded_total", "step"), "{{step}}"),),
            "reqps",
        ),
        Panel(
            "Requests in progress",
            "Requests without a complete response.",
            (Query(f"sum(samo_requests_in_progress{{{JOB}}})", "in progress"),),
        ),
    ),
)

PROCESS: Final = Row(
    "Process",
    (
        Panel(
            "Memory",
            "Resident memory of each instance.",
            (Query(f"process_resident_memory_bytes{{{JOB}}}", "{{instance}}"),),
            "bytes",
        ),
        Panel(
            "CPU",
            "CPU seconds per second of each instance: the mean number of busy cores.",
            (Query(f"rate(process_cpu_seconds_total{{{JOB}}}[{RATE_WINDOW}])", "{{instance}}"),),
        ),
        Panel(
            "Open files",
            "Open files and connections of each instance.",
            (Query(f"process_open_fds{{{JOB}}}", "{{instance}}"),),
        ),
        Panel(
            "Instances",
            "Instances that Prometheus reaches, by version of the service.",
            (Query(f"count by (version) (samo_build_info{{{JOB}}})", "{{version}}"),),
            is_stat=True,
        ),
        Panel(
            "Models",
            "Instances by the tag of each model that they loaded.",
            (Query(f"count by (model, tag) (samo_model_info{{{JOB}}})", "{{tag}}"),),
            is_stat=True,
        ),
    ),
)
