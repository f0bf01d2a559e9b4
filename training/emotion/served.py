"""Classify texts and entries exactly as the service does, without its batcher.

The functions of `samo.insight.entry` split a text, aggregate the probabilities of its sentences and
decide. Only the classifier runs here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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
THREADS: Final = 2


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--model`, the argument of `load_classifier`."""
    parser.add_argument(
        "--model", type=Path, help="folder of an exported model; default: the newest in the store"
    )


def load_classifier(
    folder: Path | None, calibration: EmotionCalibration | None = None
) -> EmotionClassifier:
    """Load an exported classifier, by default the newest in the model store."""
    folder = folder or model_folder("samo-emotion")
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


def uncalibrated_logits(folder: Path, texts: Sequence[str]) -> Array:
    """Logits of the exported model in `folder`, of shape (texts, outputs), before temperature."""
    calibration = EmotionCalibration.load(folder / "calibration.json")
    classifier = load_classifier(folder, replace(calibration, temperature=1.0))
    probabilities = np.clip(classify(classifier, texts).astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(probabilities) - np.log1p(-probabilities))


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
