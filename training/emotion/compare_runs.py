"""Compare training runs, each and as an ensemble, before export.

    python -m training.emotion.compare_runs --data ../shared/data \
        --runs BCE=RUN/adapter focal=RUN/adapter ...

Temperature and thresholds of each run and of the ensemble are chosen on the dev split as in
`training.emotion.calibrate`; the test split is only evaluated. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from training.arrays import Array
from training.command_line import DATA_HELP, command_parser, print_json, print_table
from training.emotion.calibrate import choose_thresholds, fit_temperature, sigmoid
from training.emotion.data import LabelledTexts, load_goemotions
from training.emotion.inference import label_logits
from training.emotion.metrics import expected_calibration_error, f1
from training.hardware import DEVICE_HELP, DEVICES


def evaluate_run(
    dev: LabelledTexts, dev_probabilities: Array, test: LabelledTexts, test_probabilities: Array
) -> dict[str, float]:
    """Metrics on test with thresholds from dev; probabilities have shape (texts, labels)."""
    thresholds, _ = choose_thresholds(dev_probabilities, dev.labels)
    return {
        "macro_f1": f1(test.labels, test_probabilities >= thresholds, "macro"),
        "micro_f1": f1(test.labels, test_probabilities >= thresholds, "micro"),
        "macro_f1_at_half": f1(test.labels, test_probabilities >= 0.5, "macro"),
        "dev_macro_f1": f1(dev.labels, dev_probabilities >= thresholds, "macro"),
        "ece": expected_calibration_error(test_probabilities, test.labels),
    }


def compare_runs(
    adapters: Mapping[str, Path], dev: LabelledTexts, test: LabelledTexts, device: str = "auto"
) -> dict[str, dict[str, float]]:
    """Metrics of each run before and after temperature scaling, and of the ensemble."""
    rows: dict[str, dict[str, float]] = {}
    calibrated: list[tuple[Array, Array]] = []
    for name, adapter in adapters.items():
        dev_logits = label_logits(adapter, dev.texts, device)
        test_logits = label_logits(adapter, test.texts, device)
        temperature = fit_temperature(dev_logits, dev.labels)
        calibrated.append((sigmoid(dev_logits / temperature), sigmoid(test_logits / temperature)))
        rows[name] = evaluate_run(dev, sigmoid(dev_logits), test, sigmoid(test_logits))
        rows[f"{name}, temperature {temperature:.2f}"] = evaluate_run(
            dev, calibrated[-1][0], test, calibrated[-1][1]
        )
    if len(adapters) > 1:
        dev_mean, test_mean = (np.mean(side, axis=0) for side in zip(*calibrated, strict=True))
        rows[f"ensemble of {len(adapters)}"] = evaluate_run(dev, dev_mean, test, test_mean)
    return rows


def _named_folder(argument: str) -> tuple[str, Path]:
    name, _, folder = argument.partition("=")
    if not folder:
        raise argparse.ArgumentTypeError(f"{argument!r} does not have the form NAME=FOLDER")
    return name, Path(folder)


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.compare_runs",
        "Compare trained runs, each and as an ensemble. The last line is JSON.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument(
        "--runs", type=_named_folder, nargs="+", required=True, metavar="NAME=FOLDER",
        help="adapter/ of each run, with the name of its row",
    )  # fmt: skip
    parser.add_argument("--device", default="auto", choices=DEVICES, help=DEVICE_HELP)
    args = parser.parse_args()
    dev, test = (load_goemotions(args.data, split) for split in ("dev", "test"))
    rows = compare_runs(dict(args.runs), dev, test, args.device)
    print_table("Runs, GoEmotions test", rows)
    print_json(rows)


if __name__ == "__main__":
    main()
