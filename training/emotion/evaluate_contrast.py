"""Accuracy on the contrast probe: whether the writer feels it, now, and means it.

    python -m training.emotion.evaluate_contrast [--model FOLDER]

An answer is right where its first label is one that the text allows and none of its labels is one
that the text rules out. Nothing is chosen here. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from exporting.store import model_folder
from runners.emotion.classifier import EmotionClassifier
from training.emotion.contrast import PROBE, Contrast, load_contrasts
from training.emotion.inference import classify


def accuracies(
    classifier: EmotionClassifier, contrasts: Sequence[Contrast]
) -> dict[str, dict[str, float]]:
    """Shares by kind: right answers on either side and on both, and feelings wrongly answered."""
    calibration = classifier.calibration
    rows = classify(classifier, [one.text for one in contrasts]).astype(np.float32)
    answers = [[emotion.name for emotion in calibration.decide(row)] for row in rows]
    figures: dict[str, dict[str, float]] = {}
    for kind in dict.fromkeys(one.kind for one in contrasts):
        own = [(o, answer) for o, answer in zip(contrasts, answers, strict=True) if o.kind == kind]
        right = {
            side: [one.right(answer) for one, answer in own if one.side == side]
            for side in ("felt", "changed")
        }
        both = right["felt"] + right["changed"]
        changed = [(one, answer) for one, answer in own if one.side == "changed"] or own
        figures[kind] = {
            "texts": len(own),
            "accuracy": float(np.mean(both)),
            **{side: float(np.mean(values)) for side, values in right.items() if values},
            "nothing_wrong_said": float(
                np.mean([one.excluded.isdisjoint(answer) for one, answer in changed])
            ),
        }
    return figures


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.evaluate_contrast",
        description="Evaluate the emotion model on the contrast probe. The last line is JSON.",
    )
    parser.add_argument("--model", type=Path, help="exported folder; default: the model store's")
    parser.add_argument("--probe", type=Path, default=PROBE, help="contrast set")
    given = parser.parse_args()
    classifier = EmotionClassifier.load(given.model or model_folder("samo-emotion"), threads=2)
    figures = accuracies(classifier, load_contrasts(given.probe))
    table = Table("kind", "texts", "accuracy", "felt", "changed", "nothing wrong said")
    for kind, row in figures.items():
        values = (row.get(n) for n in ("accuracy", "felt", "changed", "nothing_wrong_said"))
        table.add_row(
            kind, str(int(row["texts"])), *("" if v is None else f"{v:.3f}" for v in values)
        )
    Console().print(table)
    print(
        json.dumps(
            {kind: {n: round(v, 4) for n, v in row.items()} for kind, row in figures.items()}
        )
    )


if __name__ == "__main__":
    main()
