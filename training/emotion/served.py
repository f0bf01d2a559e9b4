"""Classify texts and entries exactly as the service does, without its batcher.

The functions of `samo.insight.entry` split a text, aggregate the probabilities of its sentences and
decide. Only the classifier runs here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
from tqdm import tqdm

from exporting.store import model_folder
from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier
from samo.insight.entry import (
    ClassifiedEntry,
    SplitEntry,
    aggregate,
    regroup,
    sentence_texts,
    split_text,
)
from samo.settings.models import EMOTION_MODELS
from training.arrays import Array

BATCH_SIZE: Final = 32
THREADS: Final = 2


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--model`, the argument of `load_classifier`."""
    parser.add_argument(
        "--model",
        type=exported_model,
        default="large",
        help="large or small, the newest in the store, or the folder of an exported model",
    )


def exported_model(name: str) -> Path:
    """Folder of the newest model in the store for a name of `EMOTION_MODELS`, else a path."""
    for model, stored_name in EMOTION_MODELS.items():
        if name == model:
            return model_folder(stored_name)
    return Path(name)


def default_checkpoint(folder: Path) -> Path:
    """The checkpoint from which the store's model in `folder`, such as samo-emotion/TAG, is."""
    return Path("checkpoints", folder.parent.name.removeprefix("samo-"))


def load_classifier(
    folder: Path, calibration: EmotionCalibration | None = None
) -> EmotionClassifier:
    """Load an exported classifier."""
    return EmotionClassifier.load(folder, threads=THREADS, calibration=calibration, parallel=True)


def classify(classifier: EmotionClassifier, texts: Sequence[str]) -> Array:
    """Probabilities of single texts, of shape (texts, outputs) and dtype float32.

    Texts of similar length share a batch, which needs little padding. Each batch is computed on one
    of `THREADS` threads, as in the service; that changes no result.
    """
    prepared = [classifier.prepare(text) for text in texts]
    order = sorted(range(len(texts)), key=lambda index: len(prepared[index]))
    batches = [
        [prepared[row] for row in order[start : start + BATCH_SIZE]]
        for start in range(0, len(order), BATCH_SIZE)
    ]
    with ThreadPoolExecutor(THREADS) as executor:
        predicted = tqdm(
            executor.map(classifier.predict_single_threaded, batches),
            desc="classifying",
            total=len(batches),
            unit="batch",
        )
        rows = np.stack([row for batch in predicted for row in batch])
    return np.asarray(rows[np.argsort(order)], dtype=np.float32)


def classify_entries(
    classifier: EmotionClassifier,
    texts: Sequence[str],
    split: Callable[[str], SplitEntry] = split_text,
) -> list[ClassifiedEntry]:
    """Split, classify and aggregate texts.

    `split_text` is how `/predict` splits a text, `split_entry` how journals and summaries are
    split. Raises `InvalidRequest` for a text that has only markup.
    """
    entries = [split(text) for text in texts]
    outputs = regroup(entries, classify(classifier, sentence_texts(entries)))
    return [
        aggregate(classifier.calibration, entry, probabilities)
        for entry, probabilities in zip(entries, outputs, strict=True)
    ]


def entry_probabilities(classifier: EmotionClassifier, texts: Sequence[str]) -> Array:
    """Probabilities as `/predict` computes them, of shape (texts, outputs), dtype float32."""
    return np.stack([entry.entry_probabilities for entry in classify_entries(classifier, texts)])
