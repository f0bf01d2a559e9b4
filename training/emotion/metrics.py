"""Metrics of a classifier from its probabilities and decisions on labelled texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from sklearn.metrics import f1_score

from runners.emotion.calibration import EmotionCalibration, Probabilities
from training.arrays import Array

CALIBRATION_BINS: Final = 15


def expected_calibration_error(probabilities: Array, labels: Array) -> float:
    """ECE over all label decisions, in `CALIBRATION_BINS` equal bins (Naeini et al., 2015)."""
    confidence, accuracy, share = reliability(probabilities, labels)
    return float(np.nansum(np.abs(confidence - accuracy) * share))


def reliability(probabilities: Array, labels: Array) -> tuple[Array, Array, Array]:
    """Mean probability, share of true labels, share of all decisions; each of shape (bins,).

    A bin without decisions has NaN in the first two.
    """
    p, y = probabilities.ravel(), labels.ravel()
    bins = np.minimum((p * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(bins, weights=p, minlength=CALIBRATION_BINS) / counts
        accuracy = np.bincount(bins, weights=y, minlength=CALIBRATION_BINS) / counts
    return confidence, accuracy, counts / len(p)


def decide_labels(calibration: EmotionCalibration, probabilities: Sequence[Probabilities]) -> Array:
    """Decisions of the service on texts or entries, of shape (texts, labels) and dtype bool."""
    decided = np.zeros((len(probabilities), len(calibration.labels)), dtype=bool)
    for row, values in enumerate(probabilities):
        for emotion in calibration.decide(values):
            decided[row, calibration.labels.index(emotion.name)] = True
    return decided


def f1(labels: Array, decided: Array, average: str) -> float:
    """F1 of decisions; `average` is "macro" or "micro"."""
    return float(f1_score(labels, decided, average=average, zero_division=0))


def confusions(labels: Array, decided: Array) -> Array:
    """How often label j was wrongly decided in the texts in which label i was missed.

    Shape (labels, labels): row i has shares of the texts with label i. In multi-label data a wrong
    label replaces a missed one only within the same text, so a text whose label i was found does
    not count.
    """
    missed = (labels > 0) & ~decided
    wrong = decided & (labels == 0)
    counts = missed.T.astype(float) @ wrong.astype(float)
    return np.asarray(counts / np.maximum((labels > 0).sum(axis=0), 1)[:, None])


def without_temperature(probabilities: Array, temperature: float) -> Array:
    """Probabilities before temperature scaling."""
    clipped = np.clip(probabilities, 1e-7, 1 - 1e-7)
    logits = (np.log(clipped) - np.log1p(-clipped)) * temperature
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))
