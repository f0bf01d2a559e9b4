"""The way to the shipped model, a row a step: what each loss, trick and teacher brought.

    python -m training.emotion.compare_runs --dataset PATH --runs BCE=RUN focal=RUN …

Every run, and the ensemble of all of them, is read in the same way: temperature and thresholds are
chosen on dev as `training.emotion.calibrate` chooses them, test is read once. The last line is
JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from training.emotion.calibrate import choose_thresholds, fit_temperature, sigmoid
from training.emotion.data import LabelledTexts, load_goemotions
from training.emotion.inference import label_logits
from training.emotion.metrics import expected_calibration_error, f1

Array = npt.NDArray[Any]


def figures_of(
    dev: LabelledTexts, dev_probabilities: Array, test: LabelledTexts, test_probabilities: Array
) -> dict[str, float]:
    """Figures on test with thresholds from dev; probabilities have shape (texts, labels)."""
    thresholds, _ = choose_thresholds(dev_probabilities, dev.labels)
    return {
        "macro_f1": f1(test.labels, test_probabilities >= thresholds, "macro"),
        "micro_f1": f1(test.labels, test_probabilities >= thresholds, "micro"),
        "macro_f1_at_half": f1(test.labels, test_probabilities >= 0.5, "macro"),
        "dev_macro_f1": f1(dev.labels, dev_probabilities >= thresholds, "macro"),
        "ece": expected_calibration_error(test_probabilities, test.labels),
    }


def journey(
    adapters: Mapping[str, Path], dev: LabelledTexts, test: LabelledTexts
) -> dict[str, dict[str, float]]:
    """Figures by row: each run before and after temperature scaling, then the ensemble."""
    rows: dict[str, dict[str, float]] = {}
    calibrated: dict[str, tuple[Array, Array]] = {}
    for name, adapter in adapters.items():
        dev_logits = label_logits(adapter, dev.texts)
        test_logits = label_logits(adapter, test.texts)
        temperature = fit_temperature(dev_logits, dev.labels)
        calibrated[name] = sigmoid(dev_logits / temperature), sigmoid(test_logits / temperature)
        rows[name] = figures_of(dev, sigmoid(dev_logits), test, sigmoid(test_logits))
        rows[f"{name}, temperature {temperature:.2f}"] = figures_of(
            dev, calibrated[name][0], test, calibrated[name][1]
        )
    if len(adapters) > 1:
        dev_mean, test_mean = (
            np.mean(side, axis=0) for side in zip(*calibrated.values(), strict=True)
        )
        rows[f"ensemble of {len(adapters)}"] = figures_of(dev, dev_mean, test, test_mean)
    return rows


def _named(argument: str) -> tuple[str, Path]:
    name, _, folder = argument.partition("=")
    if not folder:
        raise argparse.ArgumentTypeError(f"{argument!r} is not NAME=FOLDER")
    return name, Path(folder)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.compare_runs",
        description="Compare trained adapters, each and together. The last line is JSON.",
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder of GoEmotions' TSV")
    parser.add_argument(
        "--runs", type=_named, nargs="+", required=True, metavar="NAME=FOLDER",
        help="adapter/ of each run, with the name of its row",
    )  # fmt: skip
    arguments = parser.parse_args()
    rows = journey(
        dict(arguments.runs),
        load_goemotions(arguments.dataset, "dev"),
        load_goemotions(arguments.dataset, "test"),
    )
    columns = list(next(iter(rows.values())))
    table = Table("step", *(column.replace("_", " ") for column in columns))
    for name, row in rows.items():
        table.add_row(name, *(f"{row[column]:.3f}" for column in columns))
    Console().print(table)
    print(
        json.dumps({name: {k: round(v, 4) for k, v in row.items()} for name, row in rows.items()})
    )


if __name__ == "__main__":
    main()
