"""The panels of the dashboard: what each shows, and its queries in PromQL.

`dashboard` makes Grafana's JSON from them, and `pictures` draws the same queries.
"""

from __future__ import annotations

from typing import Final

from monitoring.panel import Panel, Query, Row
from monitoring.promql import JOB, RATE_WINDOW, SERVED, mean, quantile, rate

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

MODELS: Final = Row(
    "Models",
    (
        Panel(
            "Computing",
            "Seconds of computing per second: the mean number of batches at the same time.",
            (Query(rate("samo_batch_seconds_sum", "model"), "{{model}}"),),
        ),
        Panel(
            "Seconds per batch, p95",
            "95 % of the batches took less.",
            (Query(quantile(0.95, "samo_batch_seconds", "model"), "{{model}}"),),
            "s",
        ),
        Panel(
            "Items per batch",
            "Mean number of items that were computed together.",
            (Query(mean("samo_batch_items", "model"), "{{model}}"),),
        ),
        Panel(
            "Queue",
            "Items that wait for a batch.",
            (Query(f"sum by (model) (samo_queue_length{{{JOB}}})", "{{model}}"),),
        ),
        Panel(
            "Wait in the queue, p95",
            "95 % of the requests waited less for a model. Above 20 s for texts and 60 s for "
            "recordings they are refused.",
            (Query(quantile(0.95, "samo_queue_wait_seconds", "model"), "{{model}}"),),
            "s",
        ),
        Panel(
            "Tokens",
            "Input tokens per second.",
            (Query(rate("samo_tokens_total", "model"), "{{model}}"),),
        ),
    ),
)

RESULTS: Final = Row(
    "Speech and emotions",
    (
        Panel(
            "Audio",
            "Seconds of audio transcribed per second.",
            (Query(rate("samo_audio_seconds_total"), "audio"),),
        ),
        Panel(
            "Real-time factor",
            "Seconds of computing per second of audio.",
            (
                Query(quantile(0.5, "samo_transcription_real_time_factor"), "p50"),
                Query(quantile(0.95, "samo_transcription_real_time_factor"), "p95"),
            ),
        ),
        Panel(
            "Emotions",
            "Share of each label among the emotions that were decided, the ten most frequent.",
            (
                Query(
                    f"topk(10, {rate('samo_emotions_total', 'label')} / ignoring(label) "
                    f"group_left {rate('samo_emotions_total')})",
                    "{{label}}",
                ),
            ),
            "percentunit",
        ),
        Panel(
            "Confidence",
            "Confidence of the first emotion of a text or entry.",
            (
                Query(quantile(0.1, "samo_emotion_confidence"), "p10"),
                Query(quantile(0.5, "samo_emotion_confidence"), "p50"),
                Query(mean("samo_emotion_confidence"), "mean"),
            ),
            "percentunit",
        ),
    ),
)

DRIFT_JOBS_LIVE: Final = Row(
    "Drift, jobs and live speech",
    (
        Panel(
            "Drift",
            "Difference between the last texts or recordings and the reference, as a population "
            "stability index. From 0.1 it may be an alarm.",
            (Query(f"max by (feature) (samo_drift_score{{{JOB}}})", "{{feature}}"),),
        ),
        Panel(
            "Alarms of drift",
            "1 while the difference of a feature is large and not due to chance.",
            (Query(f"max by (feature) (samo_drift_alarm{{{JOB}}})", "{{feature}}"),),
        ),
        Panel(
            "Jobs",
            "Jobs that entered a state, per minute.",
            (Query(f"60 * {rate('samo_jobs_total', 'state')}", "{{state}}"),),
        ),
        Panel(
            "Live sessions",
            "Live sessions that are open, and those per minute that were refused, because too "
            "many were open.",
            (
                Query(f"sum(samo_live_sessions{{{JOB}}})", "open"),
                Query(f"60 * {rate('samo_live_refusals_total')}", "refused per minute"),
            ),
        ),
        Panel(
            "Live turns",
            "Seconds from the end of a turn to its transcript.",
            (
                Query(quantile(0.5, "samo_live_turn_seconds"), "p50"),
                Query(quantile(0.95, "samo_live_turn_seconds"), "p95"),
            ),
            "s",
        ),
    ),
)

EXPERIMENT: Final = Row(
    "A/B experiment",
    (
        Panel(
            "Requests by variant",
            "Requests per second that an emotion model of the experiment answered.",
            (Query(rate("samo_ab_requests_total", "variant"), "{{variant}}"),),
            "reqps",
        ),
        Panel(
            "p95 by variant",
            "95 % of these requests took less.",
            (Query(quantile(0.95, "samo_ab_request_seconds", "variant"), "{{variant}}"),),
            "s",
        ),
        Panel(
            "Agreement with feedback",
            "Mean F1 of the predicted labels and those that people said were right. `samo ab "
            "report` says whether a difference is due to chance.",
            (Query(mean("samo_ab_agreement", "variant"), "{{variant}}"),),
            "percentunit",
        ),
        Panel(
            "Shadow: agreement of b with a",
            "Mean F1 of the labels of variant b and those of a.",
            (Query(mean("samo_ab_shadow_agreement"), "F1"),),
            "percentunit",
        ),
        Panel(
            "Shadow: passages",
            "Passages per second: with the same labels or different ones, failed, or dropped "
            "because b could not keep up.",
            (Query(rate("samo_ab_shadow_passages_total", "result"), "{{result}}"),),
        ),
        Panel(
            "Shadow: labels",
            "Labels per second for which both variants decided, or one of them alone.",
            (Query(rate("samo_ab_shadow_labels_total", "decided_by"), "{{decided_by}}"),),
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

ROWS: Final = (SERVICE_LEVEL, REQUESTS, MODELS, RESULTS, DRIFT_JOBS_LIVE, EXPERIMENT, PROCESS)


def all_panels() -> list[Panel]:
    """The panels of all rows."""
    return [panel for row in ROWS for panel in row.panels]
