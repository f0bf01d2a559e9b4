"""The whole of an entry from its sentences: which feelings, with what share, how strong, how mixed.

A careful reader gives an entry one to three emotions, not each that one of its sentences has. So
the probability that an emotion belongs to the whole is a logistic regression on what the sentences
say of it, fitted on diaries whose wholes were labelled (`training/emotion/whole.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

MAX_EMOTIONS: Final = 3
# Feelings whose presence makes an entry intense.
STRONG: Final = (
    "anger", "disgust", "excitement", "fear", "grief", "joy", "love", "remorse", "sadness",
)  # fmt: skip
# The mean of this many of the strongest sentences says how strongly an entry feels.
STRONGEST_SENTENCES: Final = 3
# Positive and negative feelings must each hold in this share of the words of a mixed entry.
MIXED_SHARE: Final = 0.2
# Keeps logarithms finite; about a label's base rate in neutral sentences.
_MEAN_FLOOR: Final = 0.003
_RELATIVE_FLOOR: Final = 0.02


@dataclass(frozen=True, slots=True)
class WholeCalibration:
    """Coefficients that were fitted on labelled diaries.

    Args:
        feeling: intercept and weights of the `features` of a label or mood.
        neutral: intercept and weight of the log of the strongest feeling's mean.
        threshold: an emotion with this probability or more belongs to the whole.
        intensity: intercept and weights of the mean of what is felt and of the strongest sentences.
    """

    feeling: tuple[float, ...]
    neutral: tuple[float, ...]
    threshold: float
    intensity: tuple[float, ...]

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Read the part "whole" of `calibration.json`."""
        return cls(
            feeling=tuple(values["feeling"]),
            neutral=tuple(values["neutral"]),
            threshold=float(values["threshold"]),
            intensity=tuple(values["intensity"]),
        )


def features(rows: Array, words: Sequence[float], thresholds: Array, neutral: int | None) -> Array:
    """Features of each output over the sentences of an entry, of shape (outputs, 3).

    `rows` has shape (sentences, outputs); `words` is the length of each sentence. The features are
    the log of the mean probability, the log of its ratio to the largest mean (that of the output
    `neutral` aside), and the share of the words whose sentence reaches the threshold.
    """
    means, shares = weighted_means(rows, words), label_shares(rows, words, thresholds)
    largest = float((means if neutral is None else np.delete(means, neutral)).max())
    return np.stack(
        [np.log(means + _MEAN_FLOOR), np.log(means / largest + _RELATIVE_FLOOR), shares], axis=1
    )


def weighted_means(rows: Array, words: Sequence[float]) -> Array:
    """Mean of `rows` of shape (sentences, outputs), weighted by the sentences' lengths."""
    weights = np.asarray(words, dtype=np.float64)
    return np.asarray(weights @ rows / weights.sum())


def label_shares(rows: Array, words: Sequence[float], thresholds: Array) -> Array:
    """Share of the words, by output, whose sentence reaches the output's threshold."""
    return weighted_means(rows >= thresholds, words)


def feeling_probabilities(
    calibration: WholeCalibration,
    rows: Array,
    words: Sequence[float],
    thresholds: Array,
    neutral: int | None = None,
) -> Array:
    """Probability of each output that it belongs to the whole, of shape (outputs,)."""
    intercept, *weights = calibration.feeling
    logits = intercept + features(rows, words, thresholds, neutral) @ np.asarray(weights)
    if neutral is not None:
        logits[neutral] = calibration.neutral[0] + calibration.neutral[1] * neutral_feature(
            rows, words, neutral
        )
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def neutral_feature(rows: Array, words: Sequence[float], neutral: int) -> float:
    """Log of the largest mean probability of a feeling."""
    return float(np.log(np.delete(weighted_means(rows, words), neutral).max() + _MEAN_FLOOR))


def on_thresholds(probabilities: Array, threshold: float, thresholds: Array) -> Array:
    """Shift the log-odds so that each output reaches its own threshold where it reached `threshold`.

    Decisions about a whole are then made as decisions about a sentence are. At most `MAX_EMOTIONS`
    outputs reach their thresholds; the others stay just below.
    """
    logits = np.log(probabilities) - np.log1p(-probabilities)
    shift = np.log(thresholds) - np.log1p(-thresholds) - np.log(threshold / (1.0 - threshold))
    shifted = 1.0 / (1.0 + np.exp(-(logits + shift)))
    weak = np.argsort(-probabilities, kind="stable")[MAX_EMOTIONS:]
    shifted[weak] = np.minimum(shifted[weak], 0.999 * thresholds[weak])
    return np.asarray(shifted)


def intensity_features(
    rows: Array, words: Sequence[float], labels: Sequence[str], neutral: int
) -> Array:
    """What is not neutral on average, and the strong feelings of the strongest sentences."""
    felt = weighted_means(1.0 - rows[:, [neutral]], words)[0]
    strong = rows[:, [labels.index(name) for name in STRONG if name in labels]].max(axis=1)
    return np.asarray([felt, np.sort(strong)[::-1][:STRONGEST_SENTENCES].mean()])


def intensity(
    calibration: WholeCalibration,
    rows: Array,
    words: Sequence[float],
    labels: Sequence[str],
    neutral: int,
) -> float:
    """How strongly an entry feels, from 0.0 (a flat report) to 1.0 (overwhelmed)."""
    intercept, *weights = calibration.intensity
    found = intercept + intensity_features(rows, words, labels, neutral) @ np.asarray(weights)
    return float(np.clip(found, 0.0, 1.0))
