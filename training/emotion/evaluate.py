"""The whole table for an emotion model as it ships, on GoEmotions' test split.

    python -m training.emotion.evaluate --dataset PATH [--model FOLDER] [--url URL]

Nothing is chosen here: thresholds, temperature and all else come with the model. With `--url`
the texts go through the /predict_batch of a running service. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from sklearn.metrics import f1_score, precision_recall_fscore_support
from tqdm import tqdm

from runners.emotion import EmotionClassifier
from samo.emotions import EmotionScale
from samo.limits import MAX_BATCH_TEXTS
from training.emotion.data import SPLITS, load_goemotions
from training.emotion.inference import classify
from training.evaluation.stored import stored_folder

Array = npt.NDArray[Any]
CALIBRATION_BINS: Final = 15


def expected_calibration_error(probabilities: Array, labels: Array) -> float:
    """ECE over all label decisions, in `CALIBRATION_BINS` equal bins (Naeini et al., 2015)."""
    p, y = probabilities.ravel(), labels.ravel()
    bins = np.minimum((p * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return float(
        sum(
            abs(p[bins == b].mean() - y[bins == b].mean()) * np.mean(bins == b)
            for b in np.unique(bins)
        )
    )


def decide(scale: EmotionScale, probabilities: Array) -> Array:
    """Decisions of shape (texts, labels) as the service makes them."""
    decided = np.zeros(probabilities.shape, dtype=bool)
    for row, values in enumerate(probabilities.astype(np.float32)):
        for emotion in scale.decide(values):
            decided[row, scale.labels.index(emotion.name)] = True
    return decided


def through_http(url: str, texts: Sequence[str], labels: Sequence[str]) -> tuple[Array, Array]:
    """Decisions and probabilities that a running service gives, both (texts, labels)."""
    decided = np.zeros((len(texts), len(labels)), dtype=bool)
    probabilities = np.zeros(decided.shape)
    for start in tqdm(range(0, len(texts), MAX_BATCH_TEXTS), desc="requesting", unit="batch"):
        batch = list(texts[start : start + MAX_BATCH_TEXTS])
        for extra, target in (({}, decided), ({"threshold": 0.0}, probabilities)):
            request = urllib.request.Request(  # noqa: S310  # the developer gave the URL
                f"{url}/predict_batch",
                json.dumps({"texts": batch, **extra}).encode(),
                {"content-type": "application/json"},
            )
            with urllib.request.urlopen(request) as response:  # noqa: S310
                results = json.load(response)["results"]
            for row, result in enumerate(results, start=start):
                for score in result["emotions"]:
                    column = labels.index(score["emotion"])
                    target[row, column] = score["confidence"] if extra else True
    return decided, probabilities


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.evaluate",
        description="Evaluate the emotion model that ships. The last line is JSON.",
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder of GoEmotions' TSV")
    parser.add_argument("--split", default="test", choices=SPLITS)
    parser.add_argument("--model", type=Path, help="exported folder; default: the model store's")
    parser.add_argument("--url", help="go through a running service, such as http://localhost:3000")
    arguments = parser.parse_args()
    split = load_goemotions(arguments.dataset, arguments.split)
    if arguments.url:
        decided, probabilities = through_http(arguments.url, split.texts, split.label_names)
    else:
        folder = arguments.model or stored_folder("samo-emotion")
        classifier = EmotionClassifier.load(folder, threads=2)
        probabilities = classify(classifier, split.texts)
        decided = decide(classifier.scale, probabilities)

    precision, recall, f1, support = precision_recall_fscore_support(
        split.labels, decided, zero_division=0
    )
    table = Table(
        "label", "precision", "recall", "F1", "support", title=f"GoEmotions {arguments.split}"
    )
    for row in np.argsort(-f1):
        table.add_row(
            split.label_names[row],
            *(f"{value[row]:.3f}" for value in (precision, recall, f1)),
            str(support[row]),
        )
    Console().print(table)
    figures = {
        "split": arguments.split,
        "through_http": bool(arguments.url),
        "macro_f1": round(float(np.mean(f1)), 4),
        "micro_f1": round(float(f1_score(split.labels, decided, average="micro")), 4),
        "macro_f1_at_half": round(
            float(f1_score(split.labels, probabilities >= 0.5, average="macro", zero_division=0)),
            4,
        ),
        "expected_calibration_error": round(
            expected_calibration_error(probabilities, split.labels), 4
        ),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
