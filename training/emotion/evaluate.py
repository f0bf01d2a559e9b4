"""The whole table for an emotion model as it ships, on GoEmotions' test split.

    python -m training.emotion.evaluate --dataset PATH [--model FOLDER] [--url URL] [--whole]

Nothing is chosen here: thresholds, temperature and all else come with the model. With `--url`
the texts go through the /predict_batch of a running service. With `--whole` the same checkpoint in
float32 and the other engines are measured beside it, which takes some minutes more. The last line
is JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from sklearn.metrics import precision_recall_fscore_support
from tqdm import tqdm

from exporting import emotion
from exporting.store import model_folder
from runners.emotion.classifier import EmotionClassifier
from samo.limits import MAX_BATCH_TEXTS
from training.emotion import plots
from training.emotion.data import SPLITS, LabelledTexts, load_goemotions
from training.emotion.inference import classify
from training.emotion.metrics import decide, expected_calibration_error, f1, without_temperature

Array = npt.NDArray[Any]


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


def in_float32(checkpoint: emotion.Checkpoint, texts: Sequence[str]) -> tuple[Array, Array]:
    """Decisions and probabilities of the checkpoint before it is quantized."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "float"
        folder.mkdir()
        emotion.write_folder(checkpoint, emotion.fill_graph(checkpoint, Path(scratch)), folder)
        classifier = EmotionClassifier.load(folder, threads=2)
        probabilities = classify(classifier, texts)[:, : len(classifier.calibration.labels)]
    return decide(classifier.calibration, probabilities), probabilities


def print_labels(split: LabelledTexts, decided: Array, title: str) -> None:
    """A row for each label, the highest F1 first."""
    precision, recall, scores, support = precision_recall_fscore_support(
        split.labels, decided, zero_division=0
    )
    table = Table("label", "precision", "recall", "F1", "support", title=title)
    for row in np.argsort(-scores):
        table.add_row(
            split.label_names[row],
            *(f"{value[row]:.3f}" for value in (precision, recall, scores)),
            str(support[row]),
        )
    Console().print(table)


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
    parser.add_argument(
        "--whole", action="store_true", help="measure float32 and the other engines beside it"
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=Path("checkpoints/emotion"),
        help="with --whole: what the model was exported from; default: checkpoints/emotion",
    )
    parser.add_argument("--pictures", type=Path, help="folder to draw SVG files into")
    arguments = parser.parse_args()
    split = load_goemotions(arguments.dataset, arguments.split)
    folder = arguments.model or model_folder("samo-emotion")
    classifier = EmotionClassifier.load(folder, threads=2)
    calibration = classifier.calibration
    if arguments.url:
        decided, probabilities = through_http(arguments.url, split.texts, split.label_names)
    else:
        probabilities = classify(classifier, split.texts)[:, : len(calibration.labels)]
        decided = decide(calibration, probabilities)
    uncalibrated = without_temperature(probabilities, calibration.temperature)

    print_labels(split, decided, f"GoEmotions {arguments.split}")
    figures: dict[str, Any] = {
        "split": arguments.split,
        "through_http": bool(arguments.url),
        "macro_f1": f1(split.labels, decided, "macro"),
        "micro_f1": f1(split.labels, decided, "micro"),
        "macro_f1_at_half": f1(split.labels, probabilities >= 0.5, "macro"),
        "expected_calibration_error": expected_calibration_error(probabilities, split.labels),
        "expected_calibration_error_before_scaling": expected_calibration_error(
            uncalibrated, split.labels
        ),
        "model_mb": sum(path.stat().st_size for path in folder.glob("model.onnx*")) / 1e6,
    }
    if arguments.pictures:
        plots.draw_all(
            arguments.pictures, split.label_names, split.labels, decided, probabilities,
            uncalibrated,
        )  # fmt: skip
    if arguments.whole:
        from training.emotion.compare_engines import compare

        checkpoint = emotion.Checkpoint.open(arguments.checkpoint, "auto")
        exact, _ = in_float32(checkpoint, split.texts)
        figures["macro_f1_float32"] = f1(split.labels, exact, "macro")
        figures["macro_f1_lost_to_int8"] = figures["macro_f1_float32"] - figures["macro_f1"]
        dev = load_goemotions(arguments.dataset, "dev").texts
        comparison = compare(checkpoint, dev[:200], rounds=25, threads=2)
        comparison.print_table()
        figures |= comparison.ratios
    print(
        json.dumps(
            {
                name: round(value, 4) if isinstance(value, float) else value
                for name, value in figures.items()
            }
        )
    )


if __name__ == "__main__":
    main()
