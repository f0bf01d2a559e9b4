"""Run an exported classifier over a whole split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from runners.emotion import EmotionClassifier
from samo.emotions import EmotionScale

BATCH = 32


def neutral_scale(label_names: Sequence[str]) -> EmotionScale:
    """A scale that changes nothing, for a model that is not calibrated yet."""
    return EmotionScale(
        tuple(label_names), np.full(len(label_names), 0.5, dtype=np.float32), 1.0, 1.0
    )


def classify(classifier: EmotionClassifier, texts: Sequence[str]) -> npt.NDArray[np.floating[Any]]:
    """Probabilities of shape (texts, labels), in the order of `texts`, with a progress bar."""
    prepared = [classifier.prepare(text) for text in texts]
    order = sorted(range(len(texts)), key=lambda index: len(prepared[index]))
    probabilities = np.zeros((len(texts), len(classifier.scale.labels)), dtype=np.float64)
    for start in tqdm(range(0, len(order), BATCH), desc="classifying", unit="batch"):
        rows = order[start : start + BATCH]
        probabilities[rows] = classifier.predict([prepared[row] for row in rows])
    return np.clip(probabilities, 1e-7, 1 - 1e-7)
