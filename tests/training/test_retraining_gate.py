"""The gate: when a candidate may serve."""

from __future__ import annotations

import numpy as np
import pytest

from training.retraining.gate import BOUNDS, Gain, decide, paired_bootstrap, ranking

FIGURES = dict.fromkeys(BOUNDS, 0.5)
GOOD = Gain(before=0.4, after=0.5, low=0.05, high=0.15)


def decisions(labels, share_right, seed):
    """Decisions of which `share_right` are right."""
    wrong = np.random.default_rng(seed).random(labels.shape) > share_right
    return (labels > 0) ^ wrong


@pytest.fixture(scope="module")
def labels():
    return (np.random.default_rng(0).random((400, 3)) < 0.3).astype(float)


def test_the_bootstrap_tells_a_gain_from_chance(labels):
    before, better = decisions(labels, 0.75, 1), decisions(labels, 0.9, 2)
    gain = paired_bootstrap(labels, before, better)
    assert gain.low < gain.after - gain.before < gain.high
    assert gain.low > 0.1
    chance = paired_bootstrap(labels, before, decisions(labels, 0.75, 3))
    assert chance.low < 0 < chance.high
    same = paired_bootstrap(labels, before, before)
    assert (same.low, same.high) == (0.0, 0.0)


def test_the_bootstrap_is_that_of_a_loop(labels):
    from sklearn.metrics import f1_score

    before, after = decisions(labels, 0.75, 1), decisions(labels, 0.8, 2)
    gain = paired_bootstrap(labels, before, after)
    random, differences = np.random.default_rng(5), []
    for _ in range(300):
        rows = random.integers(0, len(labels), len(labels))
        scores = [f1_score(labels[rows], one[rows], average="macro") for one in (before, after)]
        differences.append(scores[1] - scores[0])
    assert gain.low == pytest.approx(np.quantile(differences, 0.025), abs=0.015)
    assert gain.before == pytest.approx(f1_score(labels, before, average="macro"))


def test_what_nobody_judged_does_not_count(labels):
    before, after = decisions(labels, 0.75, 1), decisions(labels, 0.9, 2)
    partly = labels.copy()
    partly[:, 2] = np.where(np.arange(400) < 300, np.nan, labels[:, 2])
    changed = after.copy()
    changed[:300, 2] = ~changed[:300, 2]
    assert paired_bootstrap(partly, before, after) == paired_bootstrap(partly, before, changed)


def test_ranking_is_the_area_under_the_curve(labels):
    from sklearn.metrics import roc_auc_score

    scores = labels + np.random.default_rng(1).normal(size=labels.shape)
    assert ranking(labels, scores) == pytest.approx(roc_auc_score(labels, scores, average="macro"))
    assert ranking(np.random.default_rng(2).permutation(labels), scores) == pytest.approx(
        0.5, abs=0.06
    )
    assert ranking(np.ones((5, 1)), np.arange(5.0)[:, None]) == 0.5


@pytest.mark.parametrize(
    ("gain", "rank", "after", "reason"),
    [
        (GOOD, 0.8, {}, None),
        (Gain(0.4, 0.405, 0.001, 0.01), 0.8, {}, "no_gain"),
        (Gain(0.4, 0.5, -0.01, 0.2), 0.8, {}, "no_gain"),
        (GOOD, 0.55, {}, "unrelated_labels"),
        (GOOD, 0.8, {"GoEmotions macro-F1": 0.494}, "loss: GoEmotions macro-F1 loses 0.0060"),
        (GOOD, 0.8, {"GoEmotions macro-F1": 0.496}, None),
        (GOOD, 0.8, {"GoEmotions ECE": 0.51}, "loss: GoEmotions ECE"),
        (GOOD, 0.8, {"GoEmotions ECE": 0.2}, None),
    ],
)
def test_the_gate_names_every_reason(gain, rank, after, reason):
    decision = decide(gain, rank, FIGURES, FIGURES | after)
    assert decision.promoted == (reason is None)
    assert all(reason and one.startswith(reason) for one in decision.reasons)
