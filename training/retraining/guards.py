"""The guarded figures of a head: GoEmotions' test split and the probes, as served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.metrics import f1_score

import training.emotion
from runners.emotion.calibration import EmotionCalibration
from samo.insight.entry import SplitEntry, aggregate, regroup, sentence_texts, split_text
from samo.insight.groupings import group_emotions
from training.arrays import Array
from training.emotion.data import load_goemotions
from training.emotion.labelled_sets import LabelledSet, load_probe, multi_hot
from training.emotion.metrics import decide_labels, expected_calibration_error, f1
from training.retraining.encoder import Encoder
from training.retraining.head import Head

PROBES: Final = ("journal", "first_person")
PROBE_FOLDER: Final = Path(training.emotion.__file__).parent


@dataclass(frozen=True)
class ServedModel:
    """A head with its calibration: what a candidate changes."""

    head: Head
    calibration: EmotionCalibration

    def logits(self, pooled: Array) -> Array:
        """Logits of the labels, divided by the temperature, then of all other outputs."""
        logits = self.head.logits(pooled)
        logits[:, : len(self.calibration.labels)] /= self.calibration.temperature
        return logits

    def probabilities(self, pooled: Array) -> Array:
        """Probabilities of passages, float32 of shape (passages, outputs)."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.logits(pooled))))


@dataclass(frozen=True)
class EncodedTexts:
    """Texts, split and encoded once, so that any head can classify them."""

    entries: list[SplitEntry]
    pooled: Array

    @classmethod
    def public(cls, encoder: Encoder, texts: Sequence[str]) -> EncodedTexts:
        """Encode texts of a public corpus; their vectors are kept on disk."""
        entries = [split_text(text) for text in texts]
        return cls(entries, encoder.public_vectors(sentence_texts(entries)))

    def probabilities(self, model: ServedModel) -> Array:
        """Probabilities of the texts as `/predict` computes them, of shape (texts, outputs)."""
        outputs = regroup(self.entries, model.probabilities(self.pooled))
        return np.stack(
            [
                aggregate(model.calibration, entry, rows).entry_probabilities
                for entry, rows in zip(self.entries, outputs, strict=True)
            ]
        )


class Guards:
    """Computes the figures that a candidate must not lose.

    Args:
        encoder: of the model.
        data: folder with `goemotions/`.
        calibration: of the model that serves.

    """

    def __init__(self, encoder: Encoder, data: Path, calibration: EmotionCalibration) -> None:
        self._test = load_goemotions(data, "test")
        self._encoded_test = EncodedTexts.public(encoder, self._test.texts)
        self._probes: dict[str, tuple[EncodedTexts, LabelledSet, LabelledSet]] = {}
        for name in PROBES:
            labels, moods = load_probe(PROBE_FOLDER / f"{name}_probe.tsv", calibration)
            self._probes[name] = (EncodedTexts.public(encoder, labels.texts), labels, moods)

    def figures(self, model: ServedModel) -> dict[str, float]:
        """The figures of `training.retraining.gate.BOUNDS`."""
        probabilities = self._encoded_test.probabilities(model)
        decided = decide_labels(model.calibration, list(probabilities))
        labels = len(model.calibration.labels)
        figures = {
            "GoEmotions macro-F1": f1(self._test.labels, decided, "macro"),
            "GoEmotions micro-F1": f1(self._test.labels, decided, "micro"),
            "GoEmotions ECE": expected_calibration_error(
                probabilities[:, :labels], self._test.labels
            ),
        }
        for name, (encoded, probe_labels, moods) in self._probes.items():
            probabilities = encoded.probabilities(model)
            title = name.replace("_", "-")
            decided = decide_labels(model.calibration, list(probabilities))
            figures[f"{title} probe, labels"] = _macro_f1(probe_labels, decided)
            figures[f"{title} probe, moods"] = _macro_f1(
                moods, _decide_moods(model.calibration, moods, probabilities)
            )
        return figures


def evaluation_texts(data: Path, calibration: EmotionCalibration) -> dict[str, list[str]]:
    """The texts of all evaluations, by name: none of them may be trained on."""
    texts = {f"GoEmotions {split}": load_goemotions(data, split).texts for split in ("test", "dev")}
    for name in PROBES:
        labels, _ = load_probe(PROBE_FOLDER / f"{name}_probe.tsv", calibration)
        texts[f"{name.replace('_', '-')} probe"] = labels.texts
    return texts


def _decide_moods(
    calibration: EmotionCalibration, moods: LabelledSet, probabilities: Array
) -> Array:
    decided = [
        {mood.name for mood in group_emotions(calibration, row).moods} for row in probabilities
    ]
    return multi_hot(decided, moods.names)


def _macro_f1(labelled: LabelledSet, decided: Array) -> float:
    """Macro-F1 over the names that apply to a text, as `evaluate_groups` measures it."""
    present = labelled.labels.any(axis=0)
    scores = f1_score(labelled.labels, decided, average=None, zero_division=0)
    return float(np.asarray(scores)[present].mean())
