"""Classify texts as the service does, once: their outputs are kept in runs/drift."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from exporting.drift import model_identity
from exporting.store import ROOT, model_folder
from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier
from samo.drift.creation import ObservedModel
from samo.insight.entry import SplitEntry
from training.arrays import Array
from training.emotion.served import classify, load_classifier

CACHE: Final = ROOT / "runs" / "drift"


@dataclass(frozen=True, slots=True)
class ObservedText:
    """The passages of a text, and the probabilities of each, of shape (outputs,)."""

    passages: list[str]
    probabilities: list[Array]


class Classifier:
    """The exported classifier, with a cache of its outputs.

    Args:
        folder: of the model; None for the newest in the store.

    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or model_folder("samo-emotion")
        self.calibration = EmotionCalibration.load(self.folder / "calibration.json")
        self.sha256 = model_identity(self.folder)
        digest = hashlib.sha256("".join(self.sha256.values()).encode()).hexdigest()[:16]
        self._cache = CACHE / f"{digest}.npz"
        self._rows = self._read()
        self._classifier: EmotionClassifier | None = None

    @property
    def observed_model(self) -> ObservedModel:
        """What the service observes."""
        return ObservedModel(self.calibration, self._load().vocabulary, self.sha256, None)

    def observe(
        self, texts: Sequence[str], split: Callable[[str], SplitEntry]
    ) -> list[ObservedText]:
        """Split and classify texts; those without words are left out."""
        passages = [entry.texts for entry in map(split, texts) if entry.sentences]
        self._classify([passage for text in passages for passage in text])
        return [ObservedText(text, [self._rows[_key(one)] for one in text]) for text in passages]

    def _classify(self, passages: Sequence[str]) -> None:
        new = list(dict.fromkeys(one for one in passages if _key(one) not in self._rows))
        if not new:
            return
        self._rows.update(zip(map(_key, new), classify(self._load(), new), strict=True))
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(self._cache, keys=list(self._rows), rows=np.stack(list(self._rows.values())))

    def _load(self) -> EmotionClassifier:
        if self._classifier is None:
            self._classifier = load_classifier(self.folder)
        return self._classifier

    def _read(self) -> dict[str, Array]:
        if not self._cache.is_file():
            return {}
        with np.load(self._cache) as stored:
            return dict(zip(stored["keys"].tolist(), stored["rows"], strict=True))


def _key(passage: str) -> str:
    return hashlib.sha256(passage.encode()).hexdigest()[:24]
