"""The statistics of drift, compared with those of scipy and river."""

from __future__ import annotations

import numpy as np
import pytest
from river.drift import KSWIN
from scipy import stats
from scipy.spatial.distance import jensenshannon, mahalanobis

from samo.drift import statistics
from samo.drift.pane import Bins, Moments

RANDOM = np.random.default_rng(5)
TABLES = [
    (RANDOM.multinomial(5000, shares), RANDOM.multinomial(number, changed))
    for number in (100, 1000)
    for shares, changed in (
        ([0.25] * 4, [0.25] * 4),
        ([0.25] * 4, [0.3, 0.3, 0.2, 0.2]),
        ([0.05, 0.15, 0.2, 0.6], [0.6, 0.2, 0.1, 0.1]),
        ([0.5, 0.5, 0.0], [0.4, 0.5, 0.1]),  # a bin that the reference lacks
    )
]


@pytest.mark.parametrize(("reference", "window"), TABLES)
def test_psi_is_both_kullback_leibler_divergences(reference, window):
    p, q = statistics.shares(reference), statistics.shares(window)
    expected = stats.entropy(p, q) + stats.entropy(q, p)
    assert statistics.population_stability_index(reference, window) == pytest.approx(expected)


@pytest.mark.parametrize(("reference", "window"), TABLES)
def test_jensen_shannon_is_scipys(reference, window):
    p, q = statistics.shares(reference), statistics.shares(window)
    assert statistics.jensen_shannon(reference, window) == pytest.approx(
        jensenshannon(p, q, base=2) ** 2
    )


@pytest.mark.parametrize(("reference", "window"), TABLES)
def test_kolmogorov_smirnov_is_scipys(reference, window):
    values = [np.repeat(np.arange(len(counts)), counts) for counts in (reference, window)]
    distance = statistics.kolmogorov_smirnov(reference, window)
    assert distance == pytest.approx(stats.ks_2samp(*values).statistic)


@pytest.mark.parametrize("scaled", [0.1, 0.3, 0.5, 1.0, 1.36, 2.0, 2.7, 5.0])
def test_the_p_value_of_kolmogorov_is_scipys(scaled):
    count = statistics.effective_count(5000, 1000)
    expected = stats.kstwobign.sf(scaled)
    assert statistics.kolmogorov_p_value(scaled / count**0.5, count) == pytest.approx(
        expected, rel=1e-9
    )


@pytest.mark.parametrize("degrees", [1, 2, 3, 10, 27, 43, 44, 300])
@pytest.mark.parametrize("value", [-1.0, 0.0, 0.3, 5.0, 40.0, 200.0, 1300.0, 1e9])
def test_the_chi_square_probability_is_scipys(value, degrees):
    assert statistics.chi_square_p_value(value, degrees) == pytest.approx(
        stats.chi2.sf(value, degrees), rel=1e-6, abs=1e-290
    )


@pytest.mark.parametrize(("reference", "window"), TABLES)
def test_the_g_test_is_scipys(reference, window):
    table = np.stack([reference, window])
    table = table[:, (reference * (window.sum() / reference.sum()) >= statistics.MIN_EXPECTED)]
    rest = np.stack([reference, window]).sum(axis=1) - table.sum(axis=1)
    if rest.any():
        table = np.column_stack([table, rest])
    expected = stats.chi2_contingency(table, lambda_="log-likelihood", correction=False).pvalue
    assert statistics.g_test_p_value(reference, window) == pytest.approx(expected, rel=1e-6)


def test_one_category_cannot_differ():
    assert statistics.g_test_p_value(np.asarray([50, 0]), np.asarray([30, 0])) == 1.0


def test_mahalanobis_is_scipys():
    vectors = RANDOM.normal(size=(500, 3)) @ RANDOM.normal(size=(3, 3))
    covariance = np.cov(vectors.T)
    difference = vectors[0] - vectors.mean(axis=0)
    expected = mahalanobis(vectors[0], vectors.mean(axis=0), np.linalg.inv(covariance)) ** 2
    assert statistics.mahalanobis(difference, covariance) == pytest.approx(expected)


def test_moments_have_the_mean_and_the_covariance():
    vectors = RANDOM.normal(size=(200, 4))
    moments = Moments.of(vectors)
    mean = moments.total / 200
    covariance = moments.products / 200 - np.outer(mean, mean)
    assert np.allclose(covariance, np.cov(vectors.T, bias=True))


def test_a_value_at_an_edge_is_below_it():
    values = np.asarray([-1.0, 0.0, 0.5, 1.0, 7.0])
    bins = Bins(edges=(0.0, 1.0))
    assert bins.index(values).tolist() == [0, 0, 1, 1, 2]
    assert bins.names == ("0", "1", "+Inf")


def test_a_change_is_seen_about_where_rivers_detector_sees_it():
    """KSWIN keeps values, and compares the last 100 with earlier ones of a window of 1,000."""
    before, after = RANDOM.normal(0, 1, 2000), RANDOM.normal(1.5, 1, 500)
    bins = Bins(edges=tuple(np.quantile(before, np.linspace(0.1, 0.9, 9))))
    reference = np.bincount(bins.index(before), minlength=bins.size)

    river = KSWIN(alpha=1e-6, window_size=1000, stat_size=100, seed=0)
    seen_by_river = None
    for number, value in enumerate([*before[-1000:], *after]):
        river.update(value)
        if river.drift_detected and seen_by_river is None:
            seen_by_river = number - 999
    stream = np.concatenate([before[-1000:], after])
    for seen in range(10, 501, 10):
        window = np.bincount(bins.index(stream[seen : seen + 1000]), minlength=bins.size)
        distance = statistics.kolmogorov_smirnov(reference, window)
        if statistics.kolmogorov_p_value(distance, statistics.effective_count(2000, 1000)) < 1e-6:
            break
    assert seen_by_river is not None
    assert 0 < seen <= 200
    assert abs(seen - seen_by_river) < 150
