"""The whole of an entry from its sentences: which feelings, with what share, how strong, how mixed.

A careful reader gives an entry one to three emotions, not each that one of its sentences has. So
the probability that an emotion belongs to the whole is a logistic regression on what the sentences
say of it, fitted on diaries whose wholes were labelled (`training/emotion/fit_aggregation.py`).
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
STRONG_EMOTIONS: Final = (
    "anger", "disgust", "excitement", "fear", "grief", "joy", "love", "remorse", "sadness",
)  # fmt: skip
# The mean of this many of the strongest sentences says how strongly an entry feels.
STRONGEST_SENTENCES: Final = 3
# Positive and negative feelings must each hold in this share of a mixed entry.
MIXED_SHARE: Final = 0.2
# Keeps logarithms finite; about a label's base rate in neutral sentences.
_MEAN_FLOOR: Final = 0.003
_RELATIVE_FLOOR: Final = 0.02
_PEAK_FLOOR: Final = 0.01


@dataclass(frozen=True, slots=True)
class EntryCalibration:
    """Coefficients that were fitted on labelled diaries.

    Args:
        feeling: intercept and weights of the `features` of a label or mood.
        neutral: intercept and weights of `neutral_features`.
        threshold: an emotion with this probability or more belongs to the whole.
        intensity: intercept and weights of the mean of what is felt and of the strongest sentences.
    """

    feeling: tuple[float, ...] = (0.44, 0.35, 0.41, 0.79)
    neutral: tuple[float, ...] = (-6.95, -2.08, -0.45)
    threshold: float = 0.36
    intensity: tuple[float, ...] = (-0.25, 1.01, 0.30)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Read the part "whole" of `calibration.json`."""
        return cls(
            feeling=tuple(values["feeling"]),
            neutral=tuple(values["neutral"]),
            threshold=float(values["threshold"]),
            intensity=tuple(values["intensity"]),
        )


def emotion_features(rows: Array, lengths: Sequence[float], neutral: int | None) -> Array:
    """Features of each output over the sentences of an entry, of shape (outputs, 3).

    `rows` has shape (sentences, outputs); `lengths` is the length of each sentence in characters.
    The features are the log of the mean probability, the log of its ratio to the largest mean (that
    of the output `neutral` aside), and the log of the largest probability.
    """
    means, peaks = weighted_means(rows, lengths), rows.max(axis=0)
    largest = float((means if neutral is None else np.delete(means, neutral)).max())
    relative = means / largest
    return np.stack(
        [
            np.log(means + _MEAN_FLOOR),
            np.log(relative + _RELATIVE_FLOOR),
            np.log(peaks + _PEAK_FLOOR),
        ],
        axis=1,
    )


def weighted_means(rows: Array, lengths: Sequence[float]) -> Array:
    """Mean of `rows` of shape (sentences, outputs), weighted by the sentences' lengths."""
    weights = np.asarray(lengths, dtype=np.float64)
    return np.asarray(weights @ rows / weights.sum())


def label_shares(rows: Array, lengths: Sequence[float], thresholds: Array) -> Array:
    """Share of the entry, by output, whose sentences reach the output's threshold."""
    return weighted_means(rows >= thresholds, lengths)


def neutral_features(rows: Array, lengths: Sequence[float], neutral: int) -> Array:
    """Logs of the largest mean and of the largest probability of a feeling, of shape (2,)."""
    feelings = np.delete(rows, neutral, axis=1)
    mean, peak = weighted_means(feelings, lengths).max(), feelings.max()
    return np.asarray([np.log(mean + _MEAN_FLOOR), np.log(peak + _PEAK_FLOOR)])


def entry_probabilities(
    calibration: EntryCalibration,
    rows: Array,
    lengths: Sequence[float],
    neutral: int | None = None,
) -> Array:
    """Probability of each output that it belongs to the whole, of shape (outputs,)."""
    intercept, *weights = calibration.feeling
    logits = intercept + emotion_features(rows, lengths, neutral) @ np.asarray(weights)
    if neutral is not None:
        intercept, *weights = calibration.neutral
        found = neutral_features(rows, lengths, neutral) @ np.asarray(weights)
        logits[neutral] = intercept + found
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def align_to_thresholds(probabilities: Array, threshold: float, thresholds: Array) -> Array:
    """Map probabilities so that an output reaches its own threshold where it reached `threshold`.

    Decisions about a whole are then made as decisions about a sentence are, and the order of the
    outputs is kept: those that belong to the whole lie above all thresholds, the others below all
    of them. At most `MAX_EMOTIONS` outputs belong to it.
    """
    highest, lowest = float(thresholds.max()), float(thresholds.min())
    above = highest + (1.0 - highest) * (probabilities - threshold) / (1.0 - threshold)
    below = 0.999 * lowest * np.minimum(probabilities / threshold, 1.0)
    strongest = np.argsort(-probabilities, kind="stable")[:MAX_EMOTIONS]
    belongs = np.zeros(len(probabilities), dtype=bool)
    belongs[strongest] = probabilities[strongest] >= threshold
    return np.where(belongs, above, below)


def intensity_features(
    rows: Array, lengths: Sequence[float], labels: Sequence[str], neutral: int
) -> Array:
    """What is not neutral on average, and the strong feelings of the strongest sentences."""
    felt = weighted_means(1.0 - rows[:, [neutral]], lengths)[0]
    strong = rows[:, [labels.index(name) for name in STRONG_EMOTIONS if name in labels]].max(axis=1)
    return np.asarray([felt, np.sort(strong)[::-1][:STRONGEST_SENTENCES].mean()])


def intensity(
    calibration: EntryCalibration,
    rows: Array,
    lengths: Sequence[float],
    labels: Sequence[str],
    neutral: int,
) -> float:
    """How strongly an entry feels, from 0.0 (a flat report) to 1.0 (overwhelmed)."""
    intercept, *weights = calibration.intensity
    found = intercept + intensity_features(rows, lengths, labels, neutral) @ np.asarray(weights)
    return float(np.clip(found, 0.0, 1.0))
