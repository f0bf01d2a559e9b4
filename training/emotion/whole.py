"""Fit what reads a whole entry from its sentences (`samo/whole.py`), on labelled diaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score

from samo.emotions import NEUTRAL
from samo.whole import (
    MAX_EMOTIONS,
    WholeCalibration,
    feeling_probabilities,
    features,
    intensity_features,
    neutral_feature,
)
from training.emotion.diaries import Diary

Array = npt.NDArray[Any]

THRESHOLDS: Final = np.arange(0.20, 0.51, 0.02)


def fit_whole(
    diaries: Sequence[Diary], rows: Sequence[Array], labels: Sequence[str], thresholds: Array
) -> dict[str, Any]:
    """Fit on diaries; the part "whole" of `calibration.json`.

    `rows` holds the calibrated probabilities of each diary's sentences, of shape
    (sentences, labels); `thresholds` those of the labels.
    """
    neutral = labels.index(NEUTRAL)
    feelings = np.arange(len(labels)) != neutral
    truths = [diary.shares(labels) > 0 for diary in diaries]
    inputs = [
        features(own, diary.words, thresholds, neutral)[feelings]
        for diary, own in zip(diaries, rows, strict=True)
    ]
    feeling = LogisticRegression(max_iter=1000).fit(
        np.concatenate(inputs), np.concatenate([truth[feelings] for truth in truths])
    )
    of_neutral = LogisticRegression().fit(
        [[neutral_feature(own, d.words, neutral)] for d, own in zip(diaries, rows, strict=True)],
        [truth[neutral] for truth in truths],
    )
    found: dict[str, Any] = {
        "feeling": _coefficients(feeling),
        "neutral": _coefficients(of_neutral),
        "intensity": _fit_intensity(diaries, rows, labels),
        "threshold": 0.5,
    }

    def score(threshold: float) -> float:
        calibration = WholeCalibration.read({**found, "threshold": threshold})
        decided = [
            decide_whole(calibration, own, diary.words, thresholds, neutral)
            for diary, own in zip(diaries, rows, strict=True)
        ]
        return float(f1_score(truths, decided, average="micro", zero_division=0))

    found["threshold"] = round(float(max(THRESHOLDS, key=score)), 2)
    return found


def decide_whole(
    calibration: WholeCalibration, rows: Array, words: Sequence[float], thresholds: Array,
    neutral: int,
) -> Array:  # fmt: skip
    """Return the decisions about a whole, of shape (labels,), as the service makes them."""
    probabilities = feeling_probabilities(calibration, rows, words, thresholds, neutral)
    order = np.argsort(-probabilities, kind="stable")[:MAX_EMOTIONS]
    decided = np.zeros(len(probabilities), dtype=bool)
    decided[order] = probabilities[order] >= calibration.threshold
    decided[order[0]] = True
    return decided


def _fit_intensity(
    diaries: Sequence[Diary], rows: Sequence[Array], labels: Sequence[str]
) -> list[float]:
    """Ridge regression, stretched to the spread of the labels, which it would shrink."""
    inputs = np.stack(
        [
            intensity_features(own, diary.words, labels, labels.index(NEUTRAL))
            for diary, own in zip(diaries, rows, strict=True)
        ]
    )
    truth = np.asarray([diary.intensity for diary in diaries])
    fitted = Ridge(alpha=0.1).fit(inputs, truth)
    stretch = truth.std() / fitted.predict(inputs).std()
    weights = stretch * fitted.coef_
    intercept = truth.mean() - inputs.mean(axis=0) @ weights
    return [round(float(value), 4) for value in (intercept, *weights)]


def _coefficients(model: LogisticRegression) -> list[float]:
    return [round(float(value), 4) for value in (model.intercept_[0], *model.coef_[0])]
