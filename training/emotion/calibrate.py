"""Temperature and thresholds, chosen on texts that were not trained on.

What is calibrated is what ships: the exported model. `training.emotion.publish` runs this.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from runners.emotion.classifier import EmotionClassifier
from training.emotion.data import CONTEXTS, MOODS, load_goemotions, read_lessons
from training.emotion.diaries import DIARIES, composites, load_diaries
from training.emotion.fit_aggregation import fit_whole
from training.emotion.inference import classify, identity_calibration

Array = npt.NDArray[Any]

GRID: Final = np.arange(0.05, 0.90, 0.01)
FOLDS: Final = 5
# Entries made of dev comments that whole entries are fitted on, with the diaries.
COMPOSITES: Final = 150


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


def calibrate(folder: Path, data: Path, first_person: Path) -> dict[str, Any]:
    """Calibrate the exported model in `folder`; the content of `calibration.json`.

    Temperature and thresholds of the labels are chosen on GoEmotions' dev split in `data`, the
    thresholds of moods and contexts on the lesson file `first_person`, which was not trained on,
    and what reads whole entries on the diaries.
    """
    dev = load_goemotions(data / "goemotions", "dev")
    lessons = read_lessons([first_person], dev.label_names)
    classifier = EmotionClassifier.load(
        folder, threads=2, calibration=identity_calibration(dev.label_names)
    )
    probabilities = classify(classifier, dev.texts)[:, : len(dev.label_names)]
    logits = np.log(probabilities) - np.log1p(-probabilities)
    temperature = fit_temperature(logits, dev.labels)
    thresholds, prior = choose_thresholds(sigmoid(logits / temperature), dev.labels)
    others = classify(classifier, lessons.texts)
    diaries = load_diaries(DIARIES)
    sentences = classify(classifier, [text for diary in diaries for text in diary.sentences])
    sentences = sentences[:, : len(dev.label_names)]
    sentences = sigmoid((np.log(sentences) - np.log1p(-sentences)) / temperature)
    ends = np.cumsum([len(diary.sentences) for diary in diaries])[:-1]
    calibrated = sigmoid(logits / temperature)
    made = [(entry, calibrated[rows]) for entry, rows in composites(dev, COMPOSITES)]
    read = list(zip(diaries, np.split(sentences, ends), strict=True))
    whole = fit_whole([*read, *made], dev.label_names, len(diaries))
    chosen: dict[str, dict[str, float]] = {}
    for field, names in (("moods", MOODS), ("contexts", CONTEXTS)):
        first = lessons.label_names.index(names[0])
        columns = slice(first, first + len(names))
        known = ~np.isnan(lessons.labels[:, first])
        values, _ = choose_thresholds(others[known, columns], lessons.labels[known, columns])
        chosen[field] = dict(zip(names, map(float, values), strict=True))
    return {
        "labels": dev.label_names,
        "temperature": round(temperature, 4),
        "thresholds": _rounded(thresholds),
        "moods": list(MOODS),
        "mood_thresholds": _rounded(chosen["moods"].values()),
        "contexts": list(CONTEXTS),
        "context_thresholds": _rounded(chosen["contexts"].values()),
        "whole": whole,
        "chosen_on": {
            "labels": "GoEmotions dev",
            "threshold_prior_positives": prior,
            "moods and contexts": f"{len(lessons)} first-person texts that were not trained on",
            "whole": f"{len(diaries)} diaries and {COMPOSITES} entries made of GoEmotions dev",
        },
    }


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(float(value), 4) for value in values]
