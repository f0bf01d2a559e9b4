"""Aggregate the probabilities of an entry's sentences to entry level.

A careful reader assigns an entry one to three emotions, not every emotion of any sentence. So the
probability that an emotion applies to the entry is a logistic regression on features of the
sentences. It was fitted on diaries that were labelled at entry level
(`training/emotion/fit_aggregation.py`).

Sentence probabilities are arrays of shape (sentences, outputs); lengths are the characters of each
sentence, which weight the means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

MAX_EMOTIONS: Final = 3
# Emotions whose presence makes an entry intense.
STRONG_EMOTIONS: Final = (
    "anger", "disgust", "excitement", "fear", "grief", "joy", "love", "remorse", "sadness",
)  # fmt: skip
# The intensity depends on the mean of this many sentences with the strongest emotions.
NUM_STRONGEST_SENTENCES: Final = 3
# In a mixed entry, positive and negative emotions each apply to at least this share of the text.
MIN_MIXED_SHARE: Final = 0.2
# Added before taking logarithms; about the base rate of a label in neutral sentences.
_MEAN_FLOOR: Final = 0.003
_RELATIVE_FLOOR: Final = 0.02
_PEAK_FLOOR: Final = 0.01


@dataclass(frozen=True, slots=True)
class EntryCalibration:
    """Coefficients that were fitted on diaries labelled at entry level.

    Attributes:
        feeling: intercept and weights of `emotion_features`, for every label except neutral and
            for every mood.
        neutral: intercept and weights of `neutral_features`.
        threshold: an emotion applies to the entry from this probability on.
        intensity: intercept and weights of `intensity_features`.

    """

    feeling: tuple[float, ...] = (0.44, 0.35, 0.41, 0.79)
    neutral: tuple[float, ...] = (-6.95, -2.08, -0.45)
    threshold: float = 0.36
    intensity: tuple[float, ...] = (-0.25, 1.01, 0.30)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Read the object "whole" of `calibration.json`."""
        return cls(
            feeling=tuple(values["feeling"]),
            neutral=tuple(values["neutral"]),
            threshold=float(values["threshold"]),
            intensity=tuple(values["intensity"]),
        )


def emotion_features(rows: Array, lengths: Sequence[float], neutral: int | None) -> Array:
    """Features of each output, of shape (outputs, 3).

    The features are the logarithms of the mean probability, of its ratio to the largest mean (the
    output `neutral` excluded), and of the largest probability.
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
    """Mean of each output over the sentences, weighted by their lengths, of shape (outputs,)."""
    weights = np.asarray(lengths, dtype=np.float64)
    return np.asarray(weights @ rows / weights.sum())


def label_shares(rows: Array, lengths: Sequence[float], thresholds: Array) -> Array:
    """Share of the text in sentences that reach an output's threshold, of shape (outputs,)."""
    return weighted_means(rows >= thresholds, lengths)


def neutral_features(rows: Array, lengths: Sequence[float], neutral: int) -> Array:
    """Logarithms of the largest mean and the largest probability of an emotion, of shape (2,)."""
    emotions = np.delete(rows, neutral, axis=1)
    mean, peak = weighted_means(emotions, lengths).max(), emotions.max()
    return np.asarray([np.log(mean + _MEAN_FLOOR), np.log(peak + _PEAK_FLOOR)])


def entry_probabilities(
    calibration: EntryCalibration,
    rows: Array,
    lengths: Sequence[float],
    neutral: int | None = None,
) -> Array:
    """Probability that each output applies to the entry, of shape (outputs,).

    `neutral` is the index of the neutral label; None if the outputs are moods.
    """
    intercept, *weights = calibration.feeling
    logits = intercept + emotion_features(rows, lengths, neutral) @ np.asarray(weights)
    if neutral is not None:
        intercept, *weights = calibration.neutral
        logits[neutral] = intercept + neutral_features(rows, lengths, neutral) @ np.asarray(weights)
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def align_to_thresholds(probabilities: Array, threshold: float, thresholds: Array) -> Array:
    """Rescale entry probabilities so that the thresholds of sentences apply to them.

    The `MAX_EMOTIONS` most likely outputs that reach `threshold` are mapped above every value in
    `thresholds`, all other outputs below every value. The order of the outputs is kept.
    """
    highest, lowest = float(thresholds.max()), float(thresholds.min())
    above = highest + (1.0 - highest) * (probabilities - threshold) / (1.0 - threshold)
    below = 0.999 * lowest * np.minimum(probabilities / threshold, 1.0)
    most_likely = np.argsort(-probabilities, kind="stable")[:MAX_EMOTIONS]
    is_selected = np.zeros(len(probabilities), dtype=bool)
    is_selected[most_likely] = probabilities[most_likely] >= threshold
    return np.where(is_selected, above, below)


def intensity_features(
    rows: Array, lengths: Sequence[float], labels: Sequence[str], neutral: int
) -> Array:
    """Mean salience, and mean strength of the strongest sentences, of shape (2,)."""
    mean_salience = weighted_means(1.0 - rows[:, [neutral]], lengths)[0]
    columns = [labels.index(name) for name in STRONG_EMOTIONS if name in labels]
    strength = rows[:, columns].max(axis=1)
    strongest = np.sort(strength)[::-1][:NUM_STRONGEST_SENTENCES]
    return np.asarray([mean_salience, strongest.mean()])


def intensity(
    calibration: EntryCalibration,
    rows: Array,
    lengths: Sequence[float],
    labels: Sequence[str],
    neutral: int,
) -> float:
    """Intensity of an entry's emotions, from 0.0 (a factual report) to 1.0 (overwhelmed)."""
    intercept, *weights = calibration.intensity
    features = intensity_features(rows, lengths, labels, neutral)
    return float(np.clip(intercept + features @ np.asarray(weights), 0.0, 1.0))
