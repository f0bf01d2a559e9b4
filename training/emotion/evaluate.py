"""Evaluate the emotion classifier as served on GoEmotions' test split.

    python -m training.emotion.evaluate --data ../shared/data [--model FOLDER] [--url URL] [--full]

Nothing is chosen here: thresholds and temperature are stored with the model. With `--url` the texts
are sent to /predict_batch of a running service. With `--full` the same checkpoint is also measured
in float32 and in other engines, which takes some minutes. The last line of output is JSON.
"""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.metrics import precision_recall_fscore_support
from tqdm import tqdm

from exporting import emotion
from samo.limits import MAX_BATCH_TEXTS
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser
from training.corpora import SPLITS
from training.emotion import plots
from training.emotion.data import LabelledTexts, load_goemotions
from training.emotion.former import print_figures
from training.emotion.metrics import (
    decide_labels,
    expected_calibration_error,
    f1,
    without_temperature,
)
from training.emotion.served import (
    add_model_argument,
    default_checkpoint,
    entry_probabilities,
    load_classifier,
)


def predict_over_http(url: str, texts: Sequence[str], labels: Sequence[str]) -> tuple[Array, Array]:
    """Decisions and probabilities of a running service, both of shape (texts, labels)."""
    decided = np.zeros((len(texts), len(labels)), dtype=bool)
    probabilities = np.zeros(decided.shape)
    for start in tqdm(range(0, len(texts), MAX_BATCH_TEXTS), desc="requesting", unit="batch"):
        batch = list(texts[start : start + MAX_BATCH_TEXTS])
        for row, result in enumerate(_predict_batch(url, {"texts": batch}), start=start):
            for score in result["emotions"]:
                decided[row, labels.index(score["emotion"])] = True
        all_labels = _predict_batch(url, {"texts": batch, "threshold": 0.0})
        for row, result in enumerate(all_labels, start=start):
            for score in result["emotions"]:
                probabilities[row, labels.index(score["emotion"])] = score["confidence"]
    return decided, probabilities


def _predict_batch(url: str, body: dict[str, Any]) -> list[Any]:
    request = urllib.request.Request(  # noqa: S310  # the developer named the URL
        f"{url}/predict_batch", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        results: list[Any] = json.load(response)["results"]
    return results


def predict_locally(folder: Path, texts: Sequence[str]) -> tuple[Array, Array]:
    """Decisions and probabilities of the exported model in `folder`, both (texts, labels)."""
    classifier = load_classifier(folder)
    probabilities = entry_probabilities(classifier, texts)
    labels = len(classifier.calibration.labels)
    return decide_labels(classifier.calibration, list(probabilities)), probabilities[:, :labels]


def predict_in_float32(checkpoint: emotion.AdapterCheckpoint, texts: Sequence[str]) -> Array:
    """Decisions of the checkpoint before quantization, of shape (texts, labels)."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "float"
        folder.mkdir()
        emotion.write_folder(checkpoint, emotion.fill_graph(checkpoint, Path(scratch)), folder)
        return predict_locally(folder, texts)[0]


def measure(
    split: LabelledTexts, decided: Array, probabilities: Array, uncalibrated: Array
) -> dict[str, float]:
    """Metrics of decisions and probabilities; `uncalibrated` are those without temperature."""
    return {
        "macro_f1": f1(split.labels, decided, "macro"),
        "micro_f1": f1(split.labels, decided, "micro"),
        "macro_f1_at_half": f1(split.labels, probabilities >= 0.5, "macro"),
        "expected_calibration_error": expected_calibration_error(probabilities, split.labels),
        "expected_calibration_error_before_scaling": expected_calibration_error(
            uncalibrated, split.labels
        ),
    }


def compare_with_float32(
    checkpoint_folder: Path, data: Path, split: LabelledTexts, macro_f1: float
) -> dict[str, float]:
    """Macro-F1 in float32 and the loss to it, and the speed of other engines."""
    # imported here because it needs torch
    from training.emotion.compare_engines import compare

    checkpoint = emotion.AdapterCheckpoint.open(checkpoint_folder, "auto")
    float_f1 = f1(split.labels, predict_in_float32(checkpoint, split.texts), "macro")
    comparison = compare(checkpoint, load_goemotions(data, "dev").texts[:200], rounds=25, threads=2)
    comparison.print_table()
    return {
        "macro_f1_float32": float_f1,
        "macro_f1_lost_to_int8": float_f1 - macro_f1,
        **comparison.ratios,
    }


def print_labels(split: LabelledTexts, decided: Array, title: str) -> None:
    """Print one row per label, the highest F1 first."""
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
    """Run the command line."""
    parser = command_parser(
        "training.emotion.evaluate",
        "Evaluate the emotion classifier as served, on GoEmotions. The last line is JSON.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--split", default="test", choices=SPLITS, help="split of GoEmotions")
    add_model_argument(parser)
    parser.add_argument("--url", help="URL of a running service, such as http://localhost:3000")
    parser.add_argument(
        "--full", action="store_true", help="also measure float32 and other engines"
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        help="with --full: the checkpoint of the exported model; default: checkpoints/NAME, if the "
        "model is in the store as samo-NAME",
    )
    parser.add_argument("--plots", type=Path, help="folder to write plots to, as SVG")
    args = parser.parse_args()
    split = load_goemotions(args.data, args.split)
    folder = args.model
    if args.url:
        decided, probabilities = predict_over_http(args.url, split.texts, split.label_names)
    else:
        decided, probabilities = predict_locally(folder, split.texts)
    temperature = load_classifier(folder).calibration.temperature
    uncalibrated = without_temperature(probabilities, temperature)
    print_labels(split, decided, f"GoEmotions {args.split}")
    figures: dict[str, Any] = {
        "split": args.split,
        "through_http": bool(args.url),
        **measure(split, decided, probabilities, uncalibrated),
        "model_mb": sum(path.stat().st_size for path in folder.glob("model.onnx*")) / 1e6,
    }
    if args.plots:
        plots.draw_all(args.plots, split, decided, probabilities, uncalibrated)
    if args.full:
        checkpoint = args.checkpoint or default_checkpoint(folder)
        figures |= compare_with_float32(checkpoint, args.data, split, figures["macro_f1"])
    print_figures("training.emotion.evaluate", figures, folder, is_default=args.split == "test")


if __name__ == "__main__":
    main()
