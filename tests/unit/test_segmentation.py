"""Exact optimal partitioning against an independent implementation of PELT."""

from __future__ import annotations

import numpy as np
import pytest
import ruptures

from samo.insight.segmentation import partition, segment_means, split_gains


def cost(values, changes, penalty):
    return np.sum((values - segment_means(values, changes)) ** 2) + penalty * len(changes)


def series(seed, points, rows=5):
    random = np.random.default_rng(seed)
    levels = np.repeat(random.normal(0.0, 2.0, size=(rows, 7)), 20, axis=1)[:, :points]
    return levels + random.normal(size=(rows, points)), random.uniform(1.0, 20.0, size=rows)


@pytest.mark.parametrize("points", [14, 15, 47, 100, 140])
@pytest.mark.parametrize("min_size", [2, 7])
def test_no_segmentation_by_pelt_is_better(points, min_size):
    values, penalties = series(points, points)
    same = 0
    for row, penalty, found in zip(
        values, penalties, partition(values, penalties, min_size), strict=True
    ):
        pelt = ruptures.Pelt(model="l2", min_size=min_size, jump=1).fit(row)
        expected = pelt.predict(pen=penalty)[:-1]
        # With a least size, the pruning of PELT may lose the optimum.
        assert cost(row, found, penalty) <= cost(row, expected, penalty) + 1e-9
        same += found == expected
    assert same >= 4


@pytest.mark.parametrize("seed", range(4))
def test_the_changes_are_those_of_dynamic_programming(seed):
    values, penalties = series(seed, 60)
    found = partition(values, penalties, 5)
    assert any(found)
    for row, changes in zip(values, found, strict=True):
        exact = ruptures.Dynp(model="l2", min_size=5, jump=1).fit(row)
        assert changes == (exact.predict(n_bkps=len(changes))[:-1] if changes else [])


def test_a_huge_offset_changes_nothing():
    values = np.r_[np.zeros(30), np.ones(30)][None] + np.random.default_rng(0).normal(size=60) / 5
    assert partition(values, np.ones(1), 7) == partition(values + 1e6, np.ones(1), 7) == [[30]]


def test_too_short_a_series_is_one_segment():
    for points in (1, 7, 13):
        assert partition(np.arange(points, dtype=float)[None], np.zeros(1), 7) == [[]]
    assert partition(np.arange(14, dtype=float)[None], np.zeros(1), 7) == [[7]]


def test_the_gain_of_a_split_is_what_it_saves():
    values = np.random.default_rng(1).normal(size=40)
    gains = split_gains(values, 5)
    assert not gains[:5].any()
    assert not gains[36:].any()
    for index in (5, 17, 35):
        saved = np.sum((values - values.mean()) ** 2) - np.sum(
            (values - segment_means(values, [index])) ** 2
        )
        assert gains[index] == pytest.approx(saved)
