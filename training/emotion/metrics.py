"""Figures of a classifier from its probabilities and decisions on a labelled split."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score

from runners.emotion.calibration import EmotionCalibration

Array = npt.NDArray[Any]
CALIBRATION_BINS: Final = 15


def expected_calibration_error(probabilities: Array, labels: Array) -> float:
    """ECE over all label decisions, in `CALIBRATION_BINS` equal bins (Naeini et al., 2015)."""
    confidence, truth, share = reliability(probabilities, labels)
    return float(np.nansum(np.abs(confidence - truth) * share))


def reliability(probabilities: Array, labels: Array) -> tuple[Array, Array, Array]:
    """Mean probability, share of true labels, share of all decisions; each of shape (bins,).

    A bin without decisions has NaN in the first two.
    """
    p, y = probabilities.ravel(), labels.ravel()
    bins = np.minimum((p * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(bins, weights=p, minlength=CALIBRATION_BINS) / counts
        truth = np.bincount(bins, weights=y, minlength=CALIBRATION_BINS) / counts
    return confidence, truth, counts / len(p)


def decide(calibration: EmotionCalibration, probabilities: Array) -> Array:
    """Decisions of shape (texts, labels) as the service makes them."""
    decided = np.zeros(probabilities.shape, dtype=bool)
    for row, values in enumerate(probabilities.astype(np.float32)):
        for emotion in calibration.decide(values):
            decided[row, calibration.labels.index(emotion.name)] = True
    return decided


def f1(labels: Array, decided: Array, average: str) -> float:
    """F1 of decisions; `average` is "macro" or "micro"."""
    return float(f1_score(labels, decided, average=average, zero_division=0))


def confusions(labels: Array, decided: Array) -> Array:
    """Where label i was missed, how often label j was decided for without being true.

    Shape (labels, labels): row i holds shares of the texts that truly carry i. In multi-label
    data a wrong label stands for a missed one only in the same text, so texts whose label was
    found count as not confused.
    """
    missed = (labels > 0) & ~decided
    wrong = decided & (labels == 0)
    counts = missed.T.astype(float) @ wrong.astype(float)
    return np.asarray(counts / np.maximum((labels > 0).sum(axis=0), 1)[:, None])


def without_temperature(probabilities: Array, temperature: float) -> Array:
    """Probabilities as the model gave them before temperature scaling."""
    clipped = np.clip(probabilities, 1e-7, 1 - 1e-7)
    logits = (np.log(clipped) - np.log1p(-clipped)) * temperature
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))
