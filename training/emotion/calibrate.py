"""Choose temperature, thresholds and aggregation on texts that were not trained on.

The exported int8 model is calibrated, not the trained one. `training.emotion.publish` runs this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize_scalar

from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier
from training.arrays import Array
from training.emotion.data import (
    CONTEXTS,
    MOODS,
    LabelledTexts,
    load_examples,
    load_goemotions,
)
from training.emotion.diaries import FITTED, composites, load_diaries
from training.emotion.fit_aggregation import LabelledEntry, fit_entry_calibration
from training.emotion.served import classify, load_classifier

THRESHOLD_GRID: Final = np.arange(0.05, 0.90, 0.01)
# Numbers of positives to choose from by which a threshold is shrunk; 1e9 means one for all labels.
PRIORS: Final = (0.0, 25.0, 50.0, 100.0, 200.0, 400.0, 1e9)
FOLDS: Final = 5
# Number of entries composed of dev comments that the aggregation is fitted on, with the diaries.
COMPOSITES: Final = 150


def sigmoid(logits: Array) -> Array:
    """Probabilities of logits."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def logit(probabilities: Array) -> Array:
    """Log-odds of probabilities in (0, 1)."""
    return np.asarray(np.log(probabilities) - np.log1p(-probabilities))


def fit_temperature(logits: Array, labels: Array) -> float:
    """Return the temperature that minimizes binary cross-entropy (Guo et al., 2017)."""

    def loss(log_temperature: float) -> float:
        z = logits / np.exp(log_temperature)
        return float(np.mean(np.logaddexp(0.0, z) - labels * z))

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))


def _f1_by_label(decided: Array, labels: Array) -> Array:
    """F1 over the texts of decisions of shape (..., texts, labels); 0 if nothing is decided."""
    true_positives = (decided & (labels > 0)).sum(axis=-2)
    return np.asarray(2 * true_positives / np.maximum(decided.sum(axis=-2) + labels.sum(axis=0), 1))


def f1_by_threshold(probabilities: Array, labels: Array) -> Array:
    """F1 of each label at each threshold of `THRESHOLD_GRID`, of shape (thresholds, labels)."""
    return _f1_by_label(probabilities[None] >= THRESHOLD_GRID[:, None, None], labels)


def _shrunk_thresholds(probabilities: Array, labels: Array, prior: float) -> Array:
    """Thresholds of labels, shrunk to a global threshold: the fewer positives, the more."""
    positives = labels.sum(axis=0)
    trust = positives / (positives + prior)
    scores = f1_by_threshold(probabilities, labels)
    label_thresholds = THRESHOLD_GRID[scores.argmax(axis=0)]
    global_threshold = THRESHOLD_GRID[int(scores.mean(axis=1).argmax())]
    return np.asarray(trust * label_thresholds + (1 - trust) * global_threshold)


def choose_thresholds(probabilities: Array, labels: Array, seed: int = 0) -> tuple[Array, float]:
    """Return thresholds of shape (labels,) and the prior that cross-validation chose.

    The threshold with the best F1 overfits for labels with few positives; the rarest have a dozen
    in the dev split. Each threshold is therefore shrunk to the global one as if `prior` positives
    had voted for it. The chosen prior has the best macro-F1 on held-out folds.
    """
    folds = np.random.default_rng(seed).permutation(len(labels)) % FOLDS

    def held_out_f1(prior: float) -> float:
        scores = []
        for fold in range(FOLDS):
            fit, held = folds != fold, folds == fold
            thresholds = _shrunk_thresholds(probabilities[fit], labels[fit], prior)
            scores.append(_f1_by_label(probabilities[held] >= thresholds, labels[held]).mean())
        return float(np.mean(scores))

    prior = max(PRIORS, key=held_out_f1)
    return _shrunk_thresholds(probabilities, labels, prior), prior


def calibrate(folder: Path, data: Path, first_person: Path) -> dict[str, Any]:
    """Calibrate the exported model in `folder`; return the content of `calibration.json`.

    Temperature and label thresholds are chosen on GoEmotions' dev split in `data`, the thresholds
    of moods and contexts on the file of examples `first_person`, which was not trained on, and the
    aggregation is fitted on the diaries.
    """
    dev = load_goemotions(data, "dev")
    classifier = load_classifier(folder, _identity_calibration(dev.label_names))
    logits = _label_logits(classifier, dev.texts)
    temperature = fit_temperature(logits, dev.labels)
    probabilities = sigmoid(logits / temperature)
    thresholds, prior = choose_thresholds(probabilities, dev.labels)
    examples = load_examples([first_person], dev.label_names)
    example_probabilities = _clipped(classify(classifier, examples.texts))
    mood_thresholds = _output_thresholds(examples, example_probabilities, MOODS)
    context_thresholds = _output_thresholds(examples, example_probabilities, CONTEXTS)
    diaries = _classify_diaries(classifier, temperature)
    entries = [*diaries, *_compose_entries(dev, probabilities)]
    return {
        "labels": dev.label_names,
        "temperature": round(temperature, 4),
        "thresholds": _rounded(thresholds),
        "moods": list(MOODS),
        "mood_thresholds": _rounded(mood_thresholds),
        "contexts": list(CONTEXTS),
        "context_thresholds": _rounded(context_thresholds),
        "whole": fit_entry_calibration(entries, dev.label_names, thresholds, len(diaries)),
        "chosen_on": {
            "labels": "GoEmotions dev",
            "threshold_prior_positives": prior,
            "moods and contexts": f"{len(examples)} first-person texts that were not trained on",
            "whole": f"{len(diaries)} diaries and {COMPOSITES} entries made of GoEmotions dev",
        },
    }


def _identity_calibration(label_names: Sequence[str]) -> EmotionCalibration:
    """A calibration that changes no probability."""
    return EmotionCalibration(tuple(label_names), np.full(len(label_names), 0.5, dtype=np.float32))


def _clipped(probabilities: Array) -> Array:
    """Probabilities as float64 with finite log-odds."""
    return np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)


def _label_logits(classifier: EmotionClassifier, texts: Sequence[str]) -> Array:
    """Logits of shape (texts, labels)."""
    labels = len(classifier.calibration.labels)
    return logit(_clipped(classify(classifier, texts))[:, :labels])


def _output_thresholds(
    examples: LabelledTexts, probabilities: Array, names: Sequence[str]
) -> Array:
    """Thresholds of moods or contexts, chosen on the texts whose labels are known."""
    first = examples.label_names.index(names[0])
    columns = slice(first, first + len(names))
    is_known = ~np.isnan(examples.labels[:, first])
    thresholds, _ = choose_thresholds(
        probabilities[is_known, columns], examples.labels[is_known, columns]
    )
    return thresholds


def _classify_diaries(classifier: EmotionClassifier, temperature: float) -> list[LabelledEntry]:
    """The diaries with the calibrated probabilities of their sentences."""
    diaries = [diary for path in FITTED for diary in load_diaries(path)]
    texts = [text for diary in diaries for text in diary.sentences]
    probabilities = sigmoid(_label_logits(classifier, texts) / temperature)
    ends = np.cumsum([len(diary.sentences) for diary in diaries])[:-1]
    return list(zip(diaries, np.split(probabilities, ends), strict=True))


def _compose_entries(dev: LabelledTexts, probabilities: Array) -> list[LabelledEntry]:
    """Composites of dev comments with the comments' probabilities."""
    return [(entry, probabilities[rows]) for entry, rows in composites(dev, COMPOSITES)]


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(float(value), 4) for value in values]
