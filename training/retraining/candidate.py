"""Train a candidate from the model that serves: head, temperature, thresholds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from training.arrays import Array
from training.emotion.calibrate import THRESHOLD_GRID, fit_temperature, sigmoid
from training.emotion.data import LabelledTexts, load_goemotions
from training.retraining.encoder import Encoder
from training.retraining.fit import Start, choose_strength, fit, with_bias
from training.retraining.guards import EncodedTexts, ServedModel

REPLAYED: Final = 3000
# How much the F1 on GoEmotions' dev split counts for a threshold; that on the new texts counts 1.
DEV_WEIGHT: Final = 4.0


@dataclass(frozen=True)
class OldData:
    """What keeps a candidate close to the model that serves.

    Attributes:
        replay: pooled vectors of GoEmotions train comments.
        dev: passages of GoEmotions' dev split, on which temperature and thresholds are chosen.
        dev_pooled: its pooled vectors, one for each text.

    """

    replay: Array
    dev: LabelledTexts
    dev_pooled: Array

    @classmethod
    def load(cls, encoder: Encoder, data: Path, replayed: int = REPLAYED) -> OldData:
        """Encode the comments, or read their vectors from the disk."""
        train = load_goemotions(data, "train")
        chosen = np.random.default_rng(0).permutation(len(train))[:replayed]
        replay = EncodedTexts.public(encoder, train.select(chosen).texts)
        dev = load_goemotions(data, "dev")
        encoded = EncodedTexts.public(encoder, dev.texts)
        single = [row for row, entry in enumerate(encoded.entries) if len(entry.sentences) == 1]
        starts = np.cumsum([0, *(len(entry.sentences) for entry in encoded.entries)])
        passages = [encoded.entries[row].texts[0] for row in single]
        return cls(
            replay.pooled,
            replace(dev.select(single), texts=passages),
            encoded.pooled[starts[single]],
        )


@dataclass(frozen=True)
class Candidate:
    """A trained model that is not in the store yet.

    Attributes:
        model: the new head with its calibration.
        recipe: how it was trained, for its lineage.

    """

    model: ServedModel
    recipe: dict[str, Any]


def train_candidate(
    served: ServedModel, pooled: Array, labels: Array, trained: Array, old: OldData
) -> Candidate:
    """Train the outputs `trained` on new texts.

    Args:
        served: the model that serves.
        pooled: of the new texts.
        labels: 1.0, 0.0 or NaN of shape (texts, labels and moods).
        trained: indices of the outputs to train.
        old: what keeps the candidate close to `served`.
    """
    head = served.head
    start = Start.of(head.weights[:, trained], head.biases[trained], head.inputs(old.replay))
    inputs, targets = with_bias(head.inputs(pooled)), labels[:, trained]
    strength, held_out_logits = choose_strength(start, inputs, targets)
    weights = fit(start, inputs, targets, strength)
    new_head = head.with_outputs(trained, weights[:, :-1].T, weights[:, -1])
    model = _calibrate(
        ServedModel(new_head, served.calibration), targets, held_out_logits, trained, old
    )
    recipe = {"strength": strength, "replayed": len(old.replay), "new": len(labels)}
    return Candidate(model, recipe)


def _calibrate(
    model: ServedModel, new_targets: Array, new_logits: Array, trained: Array, old: OldData
) -> ServedModel:
    """Choose temperature and thresholds.

    The temperature is chosen on GoEmotions' dev split. The threshold of a trained label has the
    best sum of its F1 on dev, which counts more, and on the new texts, each of which a fit without
    it has classified.
    Thresholds of moods, which dev does not have, are the mean of the old one and of the best one
    on the new texts.
    """
    labels = len(model.calibration.labels)
    dev_logits = model.head.logits(old.dev_pooled)[:, :labels].astype(np.float64)
    temperature = round(fit_temperature(dev_logits, old.dev.labels), 4)
    thresholds = model.calibration.thresholds.copy()
    mood_thresholds = model.calibration.mood_thresholds.copy()
    dev = sigmoid(dev_logits / temperature)
    for column, output in enumerate(trained):
        targets = new_targets[:, column]
        judged = ~np.isnan(targets)
        if output < labels:
            scores = sigmoid(new_logits[judged, column] / temperature)
            old_f1 = _f1_by_threshold(dev[:, output], old.dev.labels[:, output])
            new_f1 = _f1_by_threshold(scores, targets[judged])
            thresholds[output] = THRESHOLD_GRID[int((DEV_WEIGHT * old_f1 + new_f1).argmax())]
        else:
            scores = sigmoid(new_logits[judged, column])
            best = THRESHOLD_GRID[int(_f1_by_threshold(scores, targets[judged]).argmax())]
            mood_thresholds[output - labels] = (mood_thresholds[output - labels] + best) / 2
    calibration = replace(
        model.calibration,
        temperature=temperature,
        thresholds=thresholds.round(4),
        mood_thresholds=mood_thresholds.round(4),
    )
    return ServedModel(model.head, calibration)


def _f1_by_threshold(probabilities: Array, labels: Array) -> Array:
    """F1 of an output at each threshold of `THRESHOLD_GRID`."""
    decided = probabilities[None] >= THRESHOLD_GRID[:, None]
    found = (decided & (labels > 0)).sum(axis=1)
    return np.asarray(2 * found / np.maximum(decided.sum(axis=1) + (labels > 0).sum(), 1))
