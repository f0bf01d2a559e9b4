"""Decide whether a candidate replaces the model that serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.metrics import roc_auc_score

from training.arrays import Array

RESAMPLES: Final = 2000
# The new texts' macro-F1 must rise by this, and by more than chance in 97.5 % of resamples.
MIN_GAIN: Final = 0.01
# Labels that have nothing to do with their texts rank them no better than chance, 0.5. Without
# this check a candidate could gain on them: it would only learn how frequent each label is.
MIN_RANKING: Final = 0.6
# The largest loss of each guarded figure. A rise of a calibration error is a loss.
BOUNDS: Final = {
    "GoEmotions macro-F1": 0.005,
    "GoEmotions micro-F1": 0.005,
    "GoEmotions ECE": 0.005,
    "journal probe, labels": 0.01,
    "journal probe, moods": 0.01,
    "first-person probe, labels": 0.01,
    "first-person probe, moods": 0.01,
}
_LOWER_IS_BETTER: Final = ("GoEmotions ECE",)


@dataclass(frozen=True)
class Gain:
    """The gain of a candidate on the held-out new texts.

    Attributes:
        before: macro-F1 of the model that serves.
        after: macro-F1 of the candidate.
        low: lower end of the 95 % interval of the difference.
        high: its upper end.

    """

    before: float
    after: float
    low: float
    high: float


@dataclass(frozen=True)
class Decision:
    """Whether to promote, and why not; the reasons are empty if so."""

    reasons: list[str]

    @property
    def promoted(self) -> bool:
        """Whether the candidate may serve."""
        return not self.reasons


def paired_bootstrap(labels: Array, before: Array, after: Array, seed: int = 0) -> Gain:
    """Compare the macro-F1 of two models on the same texts.

    The texts are drawn again with replacement; each draw compares both models on the same ones.

    Args:
        labels: 1.0, 0.0 or NaN of shape (texts, outputs); NaN is not counted.
        before: decisions of the model that serves, bool of the same shape.
        after: decisions of the candidate.
        seed: of the draws.
    """
    texts = len(labels)
    random = np.random.default_rng(seed)
    draws = random.multinomial(texts, np.full(texts, 1 / texts), size=RESAMPLES).astype(np.float64)
    differences = _macro_f1(draws, labels, after) - _macro_f1(draws, labels, before)
    once = np.ones((1, texts))
    low, high = np.quantile(differences, [0.025, 0.975])
    return Gain(
        float(_macro_f1(once, labels, before)[0]),
        float(_macro_f1(once, labels, after)[0]),
        float(low),
        float(high),
    )


def _macro_f1(draws: Array, labels: Array, decided: Array) -> Array:
    """Macro-F1 of each draw, of shape (draws,); `draws` says how often each text was drawn."""
    judged = ~np.isnan(labels)
    present = judged & (labels > 0)
    found = draws @ (present & decided).astype(np.float64)
    size = draws @ present.astype(np.float64) + draws @ (judged & decided).astype(np.float64)
    return np.asarray((2 * found / np.maximum(size, 1)).mean(axis=1))


def ranking(labels: Array, logits: Array) -> float:
    """Mean area under the ROC curve of the outputs: 0.5 is chance, 1.0 is perfect.

    Both have shape (texts, outputs); NaN in `labels` is not counted, nor an output without both
    kinds of texts.
    """
    areas = []
    for column, scores in zip(labels.T, logits.T, strict=True):
        judged = ~np.isnan(column)
        applies = column[judged] > 0
        if applies.any() and not applies.all():
            areas.append(roc_auc_score(applies, scores[judged]))
    return float(np.mean(areas)) if areas else 0.5


def decide(
    gain: Gain, new_ranking: float, before: Mapping[str, float], after: Mapping[str, float]
) -> Decision:
    """Compare the candidate with the bounds.

    Args:
        gain: on the held-out new texts.
        new_ranking: of the candidate on them.
        before: the guarded figures of the model that serves, by the names of `BOUNDS`.
        after: those of the candidate.
    """
    reasons = []
    if new_ranking < MIN_RANKING:
        reasons.append(
            f"unrelated_labels: the candidate ranks the held-out new texts with {new_ranking:.3f}, "
            f"where chance is 0.5 and at least {MIN_RANKING} is needed: the labels may be shuffled "
            "or wrong."
        )
    rise = gain.after - gain.before
    if rise < MIN_GAIN or gain.low <= 0:
        reasons.append(
            f"no_gain: macro-F1 on the held-out new texts changes by {rise:+.4f} "
            f"(95 % interval {gain.low:+.4f} to {gain.high:+.4f}); at least {MIN_GAIN:+} is "
            "needed, and an interval above 0."
        )
    for name, bound in BOUNDS.items():
        loss = loss_of(name, before[name], after[name])
        if loss > bound:
            reasons.append(f"loss: {name} loses {loss:.4f}, at most {bound} is allowed.")
    return Decision(reasons)


def loss_of(name: str, before: float, after: float) -> float:
    """How much a guarded figure got worse; negative if it got better."""
    return after - before if name in _LOWER_IS_BETTER else before - after


def changes(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, Any]:
    """Both values and the bound of each guarded figure."""
    return {
        name: {"before": before[name], "after": after[name], "largest_loss": bound}
        for name, bound in BOUNDS.items()
    }
