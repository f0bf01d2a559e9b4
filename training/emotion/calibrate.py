"""Temperature, thresholds and the rule for whole entries, all chosen on the dev split.

What is calibrated is what ships: the exported model. `training.emotion.publish` runs this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from sklearn.metrics import f1_score

from runners.emotion import EmotionClassifier
from samo.emotions import NEUTRAL, EmotionScale
from training.emotion.data import LabelledTexts
from training.emotion.inference import classify, neutral_scale

Array = npt.NDArray[Any]

GRID: Final = np.arange(0.05, 0.90, 0.01)
FOLDS: Final = 5
EXPONENTS: Final = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
# Entries made of so many comments stand in for journal entries when the exponent is chosen.
COMMENTS_AN_ENTRY: Final = (2, 4, 8)


def sigmoid(logits: Array) -> Array:
    """Probabilities of logits."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def fit_temperature(logits: Array, labels: Array) -> float:
    """The temperature that minimizes binary cross-entropy (Guo et al., 2017)."""

    def loss(log_temperature: float) -> float:
        z = logits / np.exp(log_temperature)
        return float(np.mean(np.logaddexp(0.0, z) - labels * z))

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))


def _f1_by_label(decided: Array, labels: Array) -> Array:
    """F1 of decisions of shape (…, texts, labels), over the texts; 0 for a label without any."""
    true_positives = (decided & (labels > 0)).sum(axis=-2)
    return np.asarray(2 * true_positives / np.maximum(decided.sum(axis=-2) + labels.sum(axis=0), 1))


def _shrunk_thresholds(probabilities: Array, labels: Array, prior: float) -> Array:
    """Label thresholds drawn to the global one, the more the fewer positives a label has."""
    positives = labels.sum(axis=0)
    trust = positives / (positives + prior)
    by_threshold = _f1_by_label(probabilities[None] >= GRID[:, None, None], labels)
    # each label's best threshold on its own overfits the rare ones
    own = GRID[by_threshold.argmax(axis=0)]
    shared = GRID[int(by_threshold.mean(axis=1).argmax())]
    return np.asarray(trust * own + (1 - trust) * shared)


def choose_thresholds(probabilities: Array, labels: Array, seed: int = 0) -> tuple[Array, float]:
    """Thresholds of shape (labels,) and the prior that cross-validation over dev chose.

    Thresholds tuned plainly on dev lose points on test because the rarest labels have a dozen
    positives there. So each is shrunk to the global threshold as if `prior` more positives spoke
    for that one, and the prior is the one with the best macro-F1 on held-out folds.
    """
    folds = np.random.default_rng(seed).permutation(len(labels)) % FOLDS

    def held_out_f1(prior: float) -> float:
        scores = []
        for fold in range(FOLDS):
            fit, held = folds != fold, folds == fold
            thresholds = _shrunk_thresholds(probabilities[fit], labels[fit], prior)
            scores.append(_f1_by_label(probabilities[held] >= thresholds, labels[held]).mean())
        return float(np.mean(scores))

    prior = max((0.0, 25.0, 50.0, 100.0, 200.0, 400.0, 1e9), key=held_out_f1)
    return _shrunk_thresholds(probabilities, labels, prior), prior


def choose_exponent(
    probabilities: Array, labels: Array, scale: EmotionScale, seed: int = 0
) -> tuple[float, float]:
    """The aggregation exponent with the best micro-F1 on entries made of several comments.

    An entry's true labels are the feelings of any of its comments, or neutral where none has
    one. Returns the exponent and its score.
    """
    rng = np.random.default_rng(seed)
    neutral = scale.labels.index(NEUTRAL)
    entries = [
        rng.choice(len(labels), size=size, replace=False)
        for size in COMMENTS_AN_ENTRY
        for _ in range(1000)
    ]
    truths = np.stack([labels[entry].max(axis=0) for entry in entries]) > 0
    truths[:, neutral] = ~np.delete(truths, neutral, axis=1).any(axis=1)

    def score(exponent: float) -> float:
        candidate = EmotionScale(scale.labels, scale.thresholds, scale.temperature, exponent)
        decided = np.stack(
            [
                candidate.aggregate(list(probabilities[entry]), [1.0] * len(entry))
                >= scale.thresholds
                for entry in entries
            ]
        )
        return float(f1_score(truths, decided, average="micro", zero_division=0))

    best = max(EXPONENTS, key=score)
    return best, score(best)


def calibrate(folder: Path, dev: LabelledTexts) -> dict[str, Any]:
    """Calibrate the exported model in `folder` on `dev`; the labels' part of `calibration.json`."""
    classifier = EmotionClassifier.load(folder, threads=2, scale=neutral_scale(dev.label_names))
    probabilities = classify(classifier, dev.texts)[:, : len(dev.label_names)]
    logits = np.log(probabilities) - np.log1p(-probabilities)
    temperature = fit_temperature(logits, dev.labels)
    calibrated = sigmoid(logits / temperature)
    thresholds, prior = choose_thresholds(calibrated, dev.labels)
    scale = EmotionScale(
        tuple(dev.label_names), thresholds.astype(np.float32), temperature, exponent=1.0
    )
    exponent, exponent_score = choose_exponent(calibrated.astype(np.float32), dev.labels, scale)
    return {
        "labels": dev.label_names,
        "temperature": round(temperature, 4),
        "thresholds": [round(float(threshold), 4) for threshold in thresholds],
        "aggregation_exponent": exponent,
        "chosen_on": {
            "split": "GoEmotions dev",
            "threshold_prior_positives": prior,
            "entry_micro_f1": round(exponent_score, 4),
        },
    }
