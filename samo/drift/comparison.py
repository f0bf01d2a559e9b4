"""Compare the window of each feature with its reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from samo.drift.pane import Moments, Pane
from samo.drift.reference import StreamReference
from samo.drift.statistics import (
    chi_square_p_value,
    effective_count,
    g_test_p_value,
    jensen_shannon,
    kolmogorov_p_value,
    kolmogorov_smirnov,
    mahalanobis,
    population_stability_index,
)

# Share of the mean variance that is added to each variance of a covariance matrix, which may be
# singular: a reference may have fewer observations than the vector has numbers.
SHRINKAGE: Final = 0.01
_MIN_VARIANCE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """How far the window of a feature is from its reference.

    Attributes:
        name: of the feature.
        score: size of the difference: the PSI; of a vector the squared Mahalanobis distance of the
            means, which is the PSI of two normal distributions with the same covariance.
        p_value: probability of such a difference if nothing changed: of the Kolmogorov-Smirnov test
            for numbers, of the G-test for categories, of the chi-square test for vectors.
        kolmogorov_smirnov: None for categories and vectors.
        jensen_shannon: in bits; None for vectors.

    """

    name: str
    score: float
    p_value: float
    kolmogorov_smirnov: float | None = None
    jensen_shannon: float | None = None


def compare(reference: StreamReference, window: Pane) -> list[FeatureDrift]:
    """Compare all features of a window that has observations."""
    count = effective_count(reference.pane.count, window.count)
    compared = []
    for name, bins in reference.bins.items():
        expected, actual = reference.pane.histograms[name], window.histograms[name]
        distance = None if bins.categories else kolmogorov_smirnov(expected, actual)
        compared.append(
            FeatureDrift(
                name,
                population_stability_index(expected, actual),
                g_test_p_value(expected, actual)
                if distance is None
                else kolmogorov_p_value(distance, count),
                distance,
                jensen_shannon(expected, actual),
            )
        )
    for name, moments in reference.pane.moments.items():
        score = _mean_shift(moments, reference.pane.count, window.moments[name], window.count)
        p_value = chi_square_p_value(score * count, len(moments.total))
        compared.append(FeatureDrift(name, score, p_value))
    return compared


def _mean_shift(reference: Moments, reference_count: int, window: Moments, count: int) -> float:
    """Squared Mahalanobis distance of the window's mean, by the reference's covariance."""
    mean = reference.total / reference_count
    covariance = reference.products / reference_count - np.outer(mean, mean)
    shrinkage = SHRINKAGE * float(np.trace(covariance)) / len(mean) + _MIN_VARIANCE
    return mahalanobis(window.total / count - mean, covariance + shrinkage * np.eye(len(mean)))


AlarmRule = Callable[[FeatureDrift], bool]
"""Whether a difference is an alarm."""


def alarm_rule(threshold: float, significance: float) -> AlarmRule:
    """An alarm is a difference that is large and not due to chance."""
    return lambda drift: drift.score >= threshold and drift.p_value < significance
