"""Classify texts and entries exactly as the service does, without its batcher.

The functions of `samo.insight.entry` split a text, aggregate the probabilities of its sentences and
decide. Only the classifier runs here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
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
from training.arrays import Array

BATCH_SIZE: Final = 32


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--model`, the argument of `load_classifier`."""
    parser.add_argument(
        "--model", type=Path, help="folder of an exported model; default: the newest in the store"
    )


def load_classifier(
    folder: Path | None, calibration: EmotionCalibration | None = None
) -> EmotionClassifier:
    """Load an exported classifier, by default the newest in the model store, on two threads."""
    folder = folder or model_folder("samo-emotion")
    return EmotionClassifier.load(folder, threads=2, calibration=calibration)


def classify(classifier: EmotionClassifier, texts: Sequence[str]) -> Array:
    """Probabilities of single texts, of shape (texts, outputs) and dtype float32.

    Texts of similar length share a batch, which needs little padding.
    """
    prepared = [classifier.prepare(text) for text in texts]
    order = sorted(range(len(texts)), key=lambda index: len(prepared[index]))
    rows: list[Array] = [np.zeros(0)] * len(texts)
    for start in tqdm(range(0, len(order), BATCH_SIZE), desc="classifying", unit="batch"):
        batch = order[start : start + BATCH_SIZE]
        predicted = classifier.predict([prepared[row] for row in batch])
        for row, probabilities in zip(batch, predicted, strict=True):
            rows[row] = probabilities
    return np.stack(rows).astype(np.float32)


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
