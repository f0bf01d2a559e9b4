"""Fit the calibration of whole entries (`runners/emotion/aggregation.py`) on labelled diaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score

from runners.emotion.aggregation import (
    MAX_EMOTIONS,
    EntryCalibration,
    emotion_features,
    entry_probabilities,
    intensity_features,
    neutral_features,
)
from runners.emotion.calibration import NEUTRAL
from training.emotion.diaries import Diary

Array = npt.NDArray[Any]

THRESHOLDS: Final = np.arange(0.20, 0.51, 0.02)


def fit_whole(
    entries: Sequence[tuple[Diary, Array]], labels: Sequence[str], number_of_diaries: int
) -> dict[str, Any]:
    """Fit on entries with the probabilities of their sentences; "whole" of `calibration.json`.

    The probabilities are calibrated and of shape (sentences, labels). The first
    `number_of_diaries` entries are diaries, whose intensity is known.
    """
    neutral = labels.index(NEUTRAL)
    feelings = np.arange(len(labels)) != neutral
    truths = [diary.shares(labels) > 0 for diary, _ in entries]
    feeling = LogisticRegression(max_iter=1000).fit(
        np.concatenate([emotion_features(r, d.lengths, neutral)[feelings] for d, r in entries]),
        np.concatenate([truth[feelings] for truth in truths]),
    )
    of_neutral = LogisticRegression(max_iter=1000).fit(
        [neutral_features(rows, diary.lengths, neutral) for diary, rows in entries],
        [truth[neutral] for truth in truths],
    )
    found: dict[str, Any] = {
        "feeling": _coefficients(feeling),
        "neutral": _coefficients(of_neutral),
        "intensity": _fit_intensity(entries[:number_of_diaries], labels),
    }

    def score(threshold: float) -> float:
        calibration = EntryCalibration.read({**found, "threshold": threshold})
        decided = [decide_whole(calibration, r, d.lengths, neutral) for d, r in entries]
        return float(f1_score(truths, decided, average="micro", zero_division=0))

    found["threshold"] = round(float(max(THRESHOLDS, key=score)), 2)
    return found


def decide_whole(
    calibration: EntryCalibration, rows: Array, lengths: Sequence[float], neutral: int
) -> Array:
    """Return the decisions about a whole, of shape (labels,), as the service makes them."""
    probabilities = entry_probabilities(calibration, rows, lengths, neutral)
    order = np.argsort(-probabilities, kind="stable")[:MAX_EMOTIONS]
    decided = np.zeros(len(probabilities), dtype=bool)
    decided[order] = probabilities[order] >= calibration.threshold
    decided[order[0]] = True
    return decided


def _fit_intensity(entries: Sequence[tuple[Diary, Array]], labels: Sequence[str]) -> list[float]:
    """Ridge regression, stretched to the spread of the labels, which it would shrink."""
    neutral = labels.index(NEUTRAL)
    inputs = np.stack([intensity_features(r, d.lengths, labels, neutral) for d, r in entries])
    truth = np.asarray([diary.intensity for diary, _ in entries])
    fitted = Ridge(alpha=0.1).fit(inputs, truth)
    weights = truth.std() / fitted.predict(inputs).std() * fitted.coef_
    intercept = truth.mean() - inputs.mean(axis=0) @ weights
    return [round(float(value), 4) for value in (intercept, *weights)]


def _coefficients(model: LogisticRegression) -> list[float]:
    return [round(float(value), 4) for value in (model.intercept_[0], *model.coef_[0])]
