"""The metrics of an A/B experiment."""

from __future__ import annotations

from functools import cache
from typing import Final

from prometheus_client import Counter, Histogram, Summary

from samo.monitoring.metrics import Outcome, registry

requests: Final = Counter(
    "samo_ab_requests",
    "Requests of an A/B experiment, by variant and outcome.",
    ["variant", "outcome"],
    registry=registry,
)
request_seconds: Final = Histogram(
    "samo_ab_request_seconds",
    "Seconds from the headers of a request of an A/B experiment to its end, by variant.",
    ["variant"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
    registry=registry,
)
agreement: Final = Summary(
    "samo_ab_agreement",
    "F1 of the predicted labels and those that a person said were right, by variant.",
    ["variant"],
    registry=registry,
)
shadow_passages: Final = Counter(
    "samo_ab_shadow_passages",
    "Passages for variant b in shadow mode: its labels were the same as those of a or different, "
    "it failed, or the passage was dropped under load.",
    ["result"],
    registry=registry,
)
shadow_agreement: Final = Summary(
    "samo_ab_shadow_agreement",
    "F1 of the labels of variant b and those of a, for the passages that both classified.",
    registry=registry,
)
shadow_labels: Final = Counter(
    "samo_ab_shadow_labels",
    "Labels in shadow mode, by label and by which variant decided for them: a, b or both.",
    ["label", "decided_by"],
    registry=registry,
)


@cache
def _request_series(variant: str, outcome: Outcome) -> tuple[Counter, Histogram]:
    return requests.labels(variant, outcome), request_seconds.labels(variant)


def observe_request(variant: str, outcome: Outcome, seconds: float) -> None:
    """Count a request of an experiment, and its time."""
    counter, histogram = _request_series(variant, outcome)
    counter.inc()
    histogram.observe(seconds)


@cache
def shadow_label(label: str, decided_by: str) -> Counter:
    """The counter of a label; `decided_by` is a, b or both."""
    return shadow_labels.labels(label, decided_by)
