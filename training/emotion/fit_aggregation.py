"""Fit the aggregation of sentences to entries (`runners/emotion/aggregation.py`) on diaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score

from runners.emotion.aggregation import (
    EntryCalibration,
    emotion_features,
    intensity_features,
    neutral_features,
)
from runners.emotion.calibration import EmotionCalibration
from runners.emotion.prediction import NEUTRAL
from training.arrays import Array
from training.emotion.diaries import Diary
from training.emotion.metrics import decide_labels

# A diary and the calibrated probabilities of its sentences, of shape (sentences, labels).
LabelledEntry = tuple[Diary, Array]

THRESHOLD_GRID: Final = np.arange(0.20, 0.51, 0.02)
# Micro-F1 differs by less than this between many thresholds, and by chance.
THRESHOLD_TOLERANCE: Final = 0.01


def fit_entry_calibration(
    entries: Sequence[LabelledEntry],
    labels: Sequence[str],
    thresholds: Array,
    number_of_diaries: int,
) -> dict[str, Any]:
    """Return the part "whole" of `calibration.json`.

    `thresholds` are those of the labels for sentences, of shape (labels,). The first
    `number_of_diaries` entries are diaries, whose intensity is known. The threshold is the highest
    whose micro-F1 is within `THRESHOLD_TOLERANCE` of the best: with fewer emotions per entry the
    answer says more.
    """
    neutral = labels.index(NEUTRAL)
    is_emotion = np.arange(len(labels)) != neutral
    truths = np.stack([diary.shares(labels) > 0 for diary, _ in entries])
    emotion_model = LogisticRegression(max_iter=1000).fit(
        np.concatenate(
            [emotion_features(rows, d.lengths, neutral)[is_emotion] for d, rows in entries]
        ),
        np.concatenate([truth[is_emotion] for truth in truths]),
    )
    neutral_model = LogisticRegression(max_iter=1000).fit(
        [neutral_features(rows, diary.lengths, neutral) for diary, rows in entries],
        truths[:, neutral],
    )
    fitted: dict[str, Any] = {
        "feeling": _coefficients(emotion_model),
        "neutral": _coefficients(neutral_model),
        "intensity": _fit_intensity(entries[:number_of_diaries], labels),
    }

    def score(threshold: float) -> float:
        calibration = EmotionCalibration(
            labels=tuple(labels),
            thresholds=thresholds.astype(np.float32),
            entry=EntryCalibration.read({**fitted, "threshold": threshold}),
        )
        decided = decide_labels(
            calibration,
            [calibration.aggregate(list(rows), diary.lengths) for diary, rows in entries],
        )
        return float(f1_score(truths, decided, average="micro", zero_division=0))

    scores = {round(float(threshold), 2): score(threshold) for threshold in THRESHOLD_GRID}
    enough = max(scores.values()) - THRESHOLD_TOLERANCE
    fitted["threshold"] = max(threshold for threshold, one in scores.items() if one >= enough)
    return fitted


def _fit_intensity(entries: Sequence[LabelledEntry], labels: Sequence[str]) -> list[float]:
    """Ridge regression; its predictions are stretched to the spread of the labels."""
    neutral = labels.index(NEUTRAL)
    inputs = np.stack([intensity_features(r, d.lengths, labels, neutral) for d, r in entries])
    truth = np.asarray([diary.intensity for diary, _ in entries])
    ridge = Ridge(alpha=0.1).fit(inputs, truth)
    weights = truth.std() / ridge.predict(inputs).std() * ridge.coef_
    intercept = truth.mean() - inputs.mean(axis=0) @ weights
    return [round(float(value), 4) for value in (intercept, *weights)]


def _coefficients(model: LogisticRegression) -> list[float]:
    return [round(float(value), 4) for value in (model.intercept_[0], *model.coef_[0])]
