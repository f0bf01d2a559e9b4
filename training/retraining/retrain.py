"""One retraining: check, train, compare, and promote or say why not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from runners.emotion.calibration import EmotionCalibration
from samo import model_store
from samo.hashing import sha256
from samo.insight.entry import split_text
from samo.model_store import StoredModel
from training.arrays import Array
from training.emotion.metrics import decide_labels
from training.retraining import gate
from training.retraining.candidate import OldData, train_candidate
from training.retraining.checks import CheckedTexts, check, summary
from training.retraining.encoder import Encoder
from training.retraining.errors import RetrainingRefused
from training.retraining.guards import Guards, ServedModel, evaluation_texts
from training.retraining.head import Head
from training.retraining.labelled_file import read_labelled
from training.retraining.near_duplicates import normalize
from training.retraining.storing import store_candidate

MODEL: Final = "samo-emotion"
# Share of the new texts that no candidate is trained on.
HELD_OUT_PERCENT: Final = 30


@dataclass(frozen=True)
class Request:
    """What to retrain on.

    Attributes:
        files: of labelled texts.
        data: folder with `goemotions/`.
        judged: names that were judged, for files without the column `labelled`.
        drop_leaks: leave out texts of the evaluations, instead of refusing them.
        min_texts: the smallest number of texts.
        promote: let the candidate serve if the gate allows it; otherwise it is only compared.
        threads: of the encoder.

    """

    files: tuple[Path, ...]
    data: Path
    judged: tuple[str, ...] | None = None
    drop_leaks: bool = False
    min_texts: int = 100
    promote: bool = True
    threads: int = 2


class Retraining:
    """Retrains the version of the emotion model that serves."""

    def __init__(self, request: Request, say: Callable[[str], None]) -> None:
        self._request = request
        self._say = say
        self._parent = model_store.find_model(MODEL)
        folder = Path(self._parent.path)
        self._served = ServedModel(
            Head.load(folder), EmotionCalibration.load(folder / "calibration.json")
        )
        self._encoder = Encoder(folder, request.threads)

    def run(self) -> dict[str, Any]:
        """Run all steps; return the figures and the decision.

        Raises:
            RetrainingRefused: The texts cannot be used, or the store not be written.
            PromotionRefused: Another promotion is running, or was faster.
        """
        checked = self._read()
        data = {path.name: sha256(path) for path in self._request.files}
        self._check_new(data)
        checked.print_report()
        self._say("encoding the new texts")
        passages = [split_text(text).texts[0] for text in checked.texts.texts]
        pooled = self._encoder.vectors(passages)
        held = np.asarray([_is_held_out(text) for text in checked.texts.texts])
        self._say("encoding old data, or reading its vectors from the disk")
        old = OldData.load(self._encoder, self._request.data)
        guards = Guards(self._encoder, self._request.data, self._served.calibration)
        self._say("training the head")
        labels = checked.texts.labels
        candidate = train_candidate(
            self._served, pooled[~held], labels[~held], checked.trained, old
        )
        self._say("comparing the candidate with the model that serves")
        gain, ranking = self._compare(checked, candidate.model, pooled[held], held)
        before, after = guards.figures(self._served), guards.figures(candidate.model)
        decision = gate.decide(gain, ranking, before, after)
        figures = {
            "new texts": {
                "before": gain.before, "after": gain.after, "low": gain.low, "high": gain.high,
                "ranking": ranking, "held_out": int(held.sum()),
            },
            **gate.changes(before, after),
        }  # fmt: skip
        _print_figures(figures)
        lineage = {
            "parent": str(self._parent.tag),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "data": data,
            **summary(checked),
            "recipe": candidate.recipe,
            "figures": figures,
        }
        result = {"parent": lineage["parent"], "promoted": None, "reasons": decision.reasons}
        if decision.promoted and self._request.promote:
            model = self._promote(candidate.model, old, lineage)
            result["promoted"] = str(model.tag)
        return {**result, "accepted": decision.promoted, **summary(checked), "figures": figures}

    def _read(self) -> CheckedTexts:
        request, calibration = self._request, self._served.calibration
        file = read_labelled(request.files, calibration, request.judged)
        return check(
            file,
            [*calibration.labels, *calibration.moods],
            evaluation_texts(request.data, calibration),
            drop_leaks=request.drop_leaks,
            min_texts=request.min_texts,
        )

    def _check_new(self, data: Mapping[str, str]) -> None:
        """The same texts again would only repeat what the model that serves has learned."""
        lineage = self._parent.info.metadata.get("lineage") or {}
        if sorted(lineage.get("data", {}).values()) == sorted(data.values()):
            raise RetrainingRefused(
                "nothing_new", f"{self._parent.tag} was trained on exactly these files."
            )

    def _compare(
        self, checked: CheckedTexts, candidate: ServedModel, pooled: Array, held: Array
    ) -> tuple[gate.Gain, float]:
        """The gain of the candidate on the held-out new texts, and its ranking of them."""
        labels = checked.texts.labels[held][:, checked.trained]
        before, after = (
            decide_outputs(model, pooled)[:, checked.trained] for model in (self._served, candidate)
        )
        gain = gate.paired_bootstrap(labels, before, after)
        return gain, gate.ranking(labels, candidate.logits(pooled)[:, checked.trained])

    def _promote(
        self, candidate: ServedModel, old: OldData, lineage: Mapping[str, Any]
    ) -> StoredModel:
        """Store and promote the candidate, if the model that it was compared with still serves."""
        with model_store.promotion_lock(MODEL):
            if str(model_store.find_model(MODEL).tag) != str(self._parent.tag):
                raise model_store.PromotionRefused(
                    f"Another version than {self._parent.tag} serves now: retrain again."
                )
            # until it is promoted, the present version is named: BentoML may take the newest
            model_store.promote(MODEL, model_store.version_of(self._parent))
            model = store_candidate(MODEL, self._parent, candidate, self._encoder, old, lineage)
            return model_store.promote(MODEL, model_store.version_of(model))


def decide_outputs(model: ServedModel, pooled: Array) -> Array:
    """Decisions for the labels and the moods, bool of shape (passages, labels and moods)."""
    probabilities = model.probabilities(pooled)
    calibration = model.calibration
    labels = decide_labels(calibration, list(probabilities))
    end = len(calibration.labels) + len(calibration.moods)
    moods = probabilities[:, len(calibration.labels) : end] >= calibration.mood_thresholds
    return np.concatenate([labels, moods], axis=1)


def _is_held_out(text: str) -> bool:
    """By a hash of the text, so that a text that was held out stays so in later retrainings."""
    digest = hashlib.sha256(normalize(text).encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < HELD_OUT_PERCENT


def _print_figures(figures: Mapping[str, Mapping[str, float]]) -> None:
    table = Table("figure", "serves", "candidate", "change", "largest loss", box=None)
    for name, values in figures.items():
        change = values["after"] - values["before"]
        row = [name, f"{values['before']:.3f}", f"{values['after']:.3f}", f"{change:+.3f}"]
        bound = values.get("largest_loss")
        table.add_row(*row, "" if bound is None else str(bound))
    Console(stderr=True).print(table)
