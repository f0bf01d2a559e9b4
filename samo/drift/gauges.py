"""The metrics of drift. Their labels are the features and their bins, which are few."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from prometheus_client import Counter, Gauge

from samo.drift.comparison import FeatureDrift
from samo.drift.pane import Pane
from samo.drift.reference import StreamReference
from samo.drift.statistics import shares
from samo.monitoring import metrics

score: Final = Gauge(
    "samo_drift_score",
    "Difference between the window and the reference, as a PSI, by feature.",
    ["feature"],
    registry=metrics.registry,
)
alarm: Final = Gauge(
    "samo_drift_alarm",
    "1 while the difference of a feature is large and not due to chance, else 0.",
    ["feature"],
    registry=metrics.registry,
)
observations: Final = Counter(
    "samo_drift_observations",
    "Observed texts and recordings, by feature and bin; counted when a tenth of a window is full.",
    ["feature", "bin"],
    registry=metrics.registry,
)
reference_share: Final = Gauge(
    "samo_drift_reference_share",
    "Share of the reference, by feature and bin; never 0.",
    ["feature", "bin"],
    registry=metrics.registry,
)


def publish_reference(reference: StreamReference) -> None:
    """Create the series of all features, without alarms."""
    for feature in reference.features:
        score.labels(feature).set(0)
        alarm.labels(feature).set(0)
    for feature, bins in reference.bins.items():
        expected = shares(reference.pane.histograms[feature])
        for name, share in zip(bins.names, expected, strict=True):
            reference_share.labels(feature, name).set(share)
            observations.labels(feature, name)


def publish_counts(reference: StreamReference, pane: Pane) -> None:
    """Count the observations of a pane."""
    for feature, bins in reference.bins.items():
        for name, count in zip(bins.names, pane.histograms[feature], strict=True):
            if count:
                observations.labels(feature, name).inc(int(count))


def publish_drift(drifts: Sequence[FeatureDrift], alarms: Collection[str]) -> None:
    """Set the scores and alarms of a comparison."""
    for drift in drifts:
        score.labels(drift.name).set(drift.score)
        alarm.labels(drift.name).set(drift.name in alarms)
