"""Write a candidate as a version of the model in BentoML's store.

The version is complete before it is in the store: its folder is written beside the store, and
renamed. A process that is killed, or a full disk, leaves the store as it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from exporting.drift import model_identity
from exporting.emotion import CALIBRATION_FILE, GOLDEN_FILE, PARITY_SENTENCES
from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier
from samo.drift.creation import REFERENCE_FILE
from samo.drift.features import passage_numbers, text_columns, whole_words
from samo.drift.pane import Pane
from samo.drift.records import read_reference, write_reference
from samo.drift.reference import StreamReference
from samo.hashing import sha256
from samo.model_store import StoredModel, find_version, versions_folder
from training.retraining.candidate import OldData
from training.retraining.encoder import Encoder
from training.retraining.errors import RetrainingRefused
from training.retraining.guards import ServedModel

# Between the graph and the numpy head, which compute the same integers.
PARITY_TOLERANCE: Final = 1e-4
MANIFEST: Final = "model.yaml"
_VERSION_DIGITS: Final = 16


def store_candidate(
    name: str,
    parent: StoredModel,
    candidate: ServedModel,
    encoder: Encoder,
    old: OldData,
    lineage: Mapping[str, Any],
) -> StoredModel:
    """Write a candidate into the store, without promoting it.

    Args:
        name: of the model, such as "samo-emotion".
        parent: the version that it was trained from.
        candidate: its head and calibration.
        encoder: of `parent`.
        old: whose dev split becomes the reference of drift.
        lineage: written into the metadata.

    Raises:
        RetrainingRefused: The files compute other results than the candidate, or the disk is full.
    """
    try:
        with _scratch_folder(versions_folder(name)) as folder:
            _write_files(Path(parent.path), candidate, encoder, old, folder)
            _verify(folder, candidate, encoder)
            version = _write_manifest(Path(parent.path), folder, candidate.calibration, lineage)
            target = versions_folder(name) / version
            if not target.is_dir():
                folder.rename(target)
    except OSError as error:
        raise RetrainingRefused(
            "store", f"The model store cannot be written ({error.strerror}): nothing was changed."
        ) from None
    return find_version(name, version)


@contextmanager
def _scratch_folder(versions: Path) -> Iterator[Path]:
    """A folder on the store's file system, outside of the store's versions."""
    scratch = versions.parent.parent / "samo-retraining"
    scratch.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=scratch))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # another retraining uses it
            scratch.rmdir()


def _write_files(
    parent: Path, candidate: ServedModel, encoder: Encoder, old: OldData, folder: Path
) -> None:
    for file in ("model.onnx.data", "tokenizer.json"):
        _link(parent / file, folder / file)
    candidate.head.write_graph(parent, folder / "model.onnx")
    calibration = json.loads((parent / CALIBRATION_FILE).read_text(encoding="utf-8"))
    calibration |= _calibration(candidate.calibration)
    _write_json(folder / CALIBRATION_FILE, calibration)
    golden = json.loads((parent / GOLDEN_FILE).read_text(encoding="utf-8"))
    (probabilities,) = candidate.probabilities(encoder.vectors([golden["text"]]))
    golden["probabilities"] = _rounded(probabilities)
    _write_json(folder / GOLDEN_FILE, golden)
    if (parent / REFERENCE_FILE).is_file():
        _write_drift_reference(parent, candidate, encoder, old, folder)


def _write_drift_reference(
    parent: Path, candidate: ServedModel, encoder: Encoder, old: OldData, folder: Path
) -> None:
    """GoEmotions' dev split as the candidate classifies it; the recordings are the parent's."""
    identity = model_identity(folder)
    probabilities = candidate.probabilities(old.dev_pooled)
    vocabulary = whole_words(encoder.vocabulary)
    columns = text_columns(
        [passage_numbers(text, vocabulary) for text in old.dev.texts],
        list(probabilities),
        candidate.calibration,
    )
    reference = read_reference(parent / REFERENCE_FILE, candidate.calibration)
    bins = reference.streams["texts"].bins  # the metrics have a series for each of them
    texts = StreamReference(bins, Pane.of(columns, len(old.dev.texts), bins))
    bound = replace(reference, model=identity, streams={**reference.streams, "texts": texts})
    (folder / REFERENCE_FILE).write_text(write_reference(bound), encoding="utf-8")


def _verify(folder: Path, candidate: ServedModel, encoder: Encoder) -> None:
    """Raise `RetrainingRefused` if the files compute other results than the candidate."""
    classifier = EmotionClassifier.load(folder, threads=1)
    served = [
        row for text in PARITY_SENTENCES for row in classifier.predict([classifier.prepare(text)])
    ]
    gap = np.abs(np.stack(served) - candidate.probabilities(encoder.vectors(PARITY_SENTENCES)))
    if gap.max() > PARITY_TOLERANCE:
        raise RetrainingRefused(
            "parity", f"The written model differs from the candidate by {gap.max():.4f}."
        )
    classifier.warm_up()


def _write_manifest(
    parent: Path, folder: Path, calibration: EmotionCalibration, lineage: Mapping[str, Any]
) -> str:
    """Write `model.yaml`; return the version, a digest of the files."""
    hashes = {path.name: sha256(path) for path in sorted(folder.iterdir())}
    version = _digest(hashes)
    content = yaml.safe_load((parent / MANIFEST).read_text(encoding="utf-8"))
    content |= {
        "version": version,
        "creation_time": datetime.now(UTC).isoformat(),
        "labels": {**content["labels"], "checkpoint": "retrained"},
    }
    content["labels"].pop("fingerprint", None)  # so that `make export` does not take it for its own
    content["metadata"] |= {
        **_calibration(calibration),
        "checkpoint": "retrained",
        "parity": f"{len(PARITY_SENTENCES)} sentences, gap \u2264 {PARITY_TOLERANCE}",
        "size_bytes": sum(path.stat().st_size for path in folder.iterdir()),
        "sha256": hashes,
        "lineage": dict(lineage),
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return version


def _digest(hashes: Mapping[str, str]) -> str:
    listing = json.dumps(hashes, sort_keys=True).encode()
    return hashlib.sha256(listing).hexdigest()[:_VERSION_DIGITS]


def _calibration(calibration: EmotionCalibration) -> dict[str, Any]:
    return {
        "temperature": calibration.temperature,
        "thresholds": _rounded(calibration.thresholds),
        "mood_thresholds": _rounded(calibration.mood_thresholds),
    }


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 4) for value in values]


def _link(source: Path, target: Path) -> None:
    """Share the 112 MB of the encoder with the parent, or copy them if that is not possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
