"""Drift, jobs, live speech, A/B experiments and feedback."""

from __future__ import annotations

from typing import Final

from monitoring.panel import Panel, Query, Row
from monitoring.promql import JOB, mean, quantile, rate

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

FEEDBACK: Final = Row(
    "Feedback",
    (
        Panel(
            "Feedback by kind",
            "Feedback per minute that was stored, by what people said; one may have several kinds.",
            (Query(f"60 * {rate('samo_feedback_kinds_total', 'kind')}", "{{kind}}"),),
        ),
        Panel(
            "Refused feedback by status",
            "Feedback per minute that was not stored. 404: an unknown or too old request id; 409: "
            "feedback is off; 422: what was sent is wrong; 503: the database cannot be used.",
            (
                Query(
                    "60 * "
                    + rate(
                        "samo_requests_total", "status", f'{JOB},route="/feedback",status!="201"'
                    ),
                    "{{status}}",
                ),
            ),
        ),
        Panel(
            "Database of feedback",
            "Failed attempts to use it per minute; predictions that wait to be written, and those "
            "per minute that were dropped, because they waited for too long.",
            (
                Query(f"60 * {rate('samo_feedback_database_errors_total')}", "errors per minute"),
                Query(f"sum(samo_answers_waiting{{{JOB}}})", "waiting"),
                Query(f"60 * {rate('samo_answers_dropped_total')}", "dropped per minute"),
            ),
        ),
    ),
)
