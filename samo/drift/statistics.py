"""Distances between two histograms, and tests of whether they differ by chance.

Each takes the counts of the same bins: int64 of shape (bins,). The service has neither scipy nor
river, which would more than double its image; tests compare these functions with theirs.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]

# Added to each count, so that a bin that one side lacks has a finite logarithm.
PSEUDO_COUNT: Final = 0.5
# Bins in which fewer observations are expected are joined for the G-test, whose distribution is
# only approximate for small counts.
MIN_EXPECTED: Final = 5.0
# From here on, further terms of Kolmogorov's series are below the precision of a float.
_KOLMOGOROV_TERMS: Final = 100
# exp(-700) is near the smallest float.
_MAX_HALF: Final = 700.0


def shares(counts: Counts) -> Shares:
    """Share of each bin, none of them 0."""
    smoothed = counts + PSEUDO_COUNT
    return np.asarray(smoothed / smoothed.sum(), dtype=np.float64)


def population_stability_index(reference: Counts, window: Counts) -> float:
    """PSI: the sum over the bins of (p - q) ln(p / q); 0 if the shares p and q are equal."""
    p, q = shares(window), shares(reference)
    return float(np.sum((p - q) * np.log(p / q)))


def jensen_shannon(reference: Counts, window: Counts) -> float:
    """Jensen-Shannon divergence in bits, between 0 and 1."""
    p, q = shares(window), shares(reference)
    mean = (p + q) / 2
    return float(np.sum(p * np.log2(p / mean) + q * np.log2(q / mean)) / 2)


def kolmogorov_smirnov(reference: Counts, window: Counts) -> float:
    """Largest difference of the cumulative shares at the bins' edges, for ordered bins.

    The largest difference of the values themselves, which are not kept, is at least this.
    """
    return float(
        np.abs(np.cumsum(window) / window.sum() - np.cumsum(reference) / reference.sum()).max()
    )


def effective_count(reference: int, window: int) -> float:
    """Number of observations on which the comparison of two samples is based."""
    return reference * window / (reference + window)


def kolmogorov_p_value(distance: float, count: float) -> float:
    """Probability of at least this `kolmogorov_smirnov` between samples of one distribution.

    `count` is their `effective_count`. For values with ties the true probability is smaller.
    """
    scaled = distance * math.sqrt(count)
    if scaled < 0.2:  # the series converges slowly, and its sum is 1
        return 1.0
    terms = (
        (-1) ** (term - 1) * math.exp(-2.0 * (term * scaled) ** 2)
        for term in range(1, _KOLMOGOROV_TERMS)
    )
    return min(1.0, max(0.0, 2.0 * math.fsum(terms)))


def g_test_p_value(reference: Counts, window: Counts) -> float:
    """Probability that samples of one distribution differ at least as much: the G-test.

    For categories, whose bins have no order.
    """
    total = int(window.sum())
    rare = reference * (total / reference.sum()) < MIN_EXPECTED
    table = np.stack([_join(reference, rare), _join(window, rare)]).astype(np.float64)
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    observed = table > 0
    g = 2.0 * float(np.sum(table[observed] * np.log(table[observed] / expected[observed])))
    return chi_square_p_value(g, table.shape[1] - 1)


def _join(counts: Counts, chosen: npt.NDArray[np.bool_]) -> Counts:
    """The counts, with the sum of the chosen bins as one bin at the end."""
    return np.append(counts[~chosen], counts[chosen].sum())


def chi_square_p_value(value: float, degrees: int) -> float:
    """Probability that a chi-square variable with these degrees of freedom is larger."""
    if degrees < 1:
        return 1.0
    half = max(0.0, value) / 2.0
    if half > _MAX_HALF:
        return 0.0
    # the upper incomplete gamma function by its recurrence, from 1 or 2 degrees of freedom
    if degrees % 2:
        order, probability = 0.5, math.erfc(math.sqrt(half))
        term = math.sqrt(half) * math.exp(-half) / math.gamma(1.5)
    else:
        order, probability = 1.0, math.exp(-half)
        term = half * math.exp(-half)
    while order < degrees / 2:
        probability += term
        order += 1.0
        term *= half / order
    return min(1.0, probability)


def mahalanobis(difference: Vector, covariance: npt.NDArray[np.float64]) -> float:
    """Squared Mahalanobis distance of two means whose `difference` has shape (d,).

    Between normal distributions with this covariance, shape (d, d), it equals their PSI.
    """
    return float(difference @ np.linalg.solve(covariance, difference))
