"""Evaluate on the contrast probe: whether the writer feels an emotion, now, and really.

    python -m training.emotion.evaluate_contrast [--model FOLDER]

A prediction is correct if its first label is one of the text's labels and none of its labels is
excluded; it is accepted if its first label is one that the writer or a second reader gave and none
is excluded. The second table says how well the contexts are detected: another person's emotion, a
past one, one that is wished for. Nothing is chosen on these texts. The last line of output is JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from runners.emotion.classifier import EmotionClassifier
from training.arrays import Array
from training.command_line import command_parser, print_table
from training.emotion.contrast import PROBE, Contrast, load_contrasts
from training.emotion.former import print_figures
from training.emotion.served import add_model_argument, entry_probabilities, load_classifier


def evaluate(
    classifier: EmotionClassifier, contrasts: Sequence[Contrast], rows: Array
) -> dict[str, dict[str, float]]:
    """Return the metrics of each kind. `rows` are the probabilities, of shape (texts, outputs).

    `accuracy` and `accepted` are over both sides, `felt` and `changed` over one;
    `nothing_wrong_said` is the share of predictions without an excluded label, on the side
    "changed" if the kind has one.
    """
    calibration = classifier.calibration
    predicted = [[emotion.name for emotion in calibration.decide(row)] for row in rows]
    figures: dict[str, dict[str, float]] = {}
    for kind in dict.fromkeys(contrast.kind for contrast in contrasts):
        pairs = [
            (contrast, labels)
            for contrast, labels in zip(contrasts, predicted, strict=True)
            if contrast.kind == kind
        ]
        figures[kind] = _evaluate_kind(pairs)
    return figures


def _evaluate_kind(pairs: Sequence[tuple[Contrast, list[str]]]) -> dict[str, float]:
    correct = {
        side: [contrast.is_correct(labels) for contrast, labels in pairs if contrast.side == side]
        for side in ("felt", "changed")
    }
    changed = [pair for pair in pairs if pair[0].side == "changed"] or pairs
    return {
        "texts": len(pairs),
        "accuracy": float(np.mean(correct["felt"] + correct["changed"])),
        "accepted": float(np.mean([contrast.is_accepted(labels) for contrast, labels in pairs])),
        **{side: float(np.mean(values)) for side, values in correct.items() if values},
        "nothing_wrong_said": float(
            np.mean([contrast.excluded.isdisjoint(labels) for contrast, labels in changed])
        ),
    }


def evaluate_contexts(
    classifier: EmotionClassifier, contrasts: Sequence[Contrast], rows: Array
) -> dict[str, dict[str, float]]:
    """Return precision, recall and F1 of each context. `rows` as for `evaluate`."""
    calibration = classifier.calibration
    start = len(calibration.labels) + len(calibration.moods)
    decided = rows[:, start:] >= calibration.context_thresholds
    present = np.asarray(
        [[name in contrast.context for name in calibration.contexts] for contrast in contrasts]
    )
    scores = precision_recall_fscore_support(present, decided, average=None, zero_division=0)
    return {
        name: {
            "texts": int(number),
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
        }
        for name, precision, recall, f1, number in zip(calibration.contexts, *scores, strict=True)
    }


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.evaluate_contrast",
        "Evaluate the emotion classifier on the contrast probe. The last line is JSON.",
    )
    add_model_argument(parser)
    parser.add_argument("--probe", type=Path, default=PROBE, help="contrast set")
    args = parser.parse_args()
    classifier, contrasts = load_classifier(args.model), load_contrasts(args.probe)
    rows = entry_probabilities(classifier, [contrast.text for contrast in contrasts])
    figures = evaluate(classifier, contrasts, rows)
    contexts = evaluate_contexts(classifier, contrasts, rows)
    print_table("Contrast probe", figures)
    print_table("Contexts", contexts)
    print_figures(
        "training.emotion.evaluate_contrast",
        {**figures, "contexts": contexts},
        args.model,
        is_default=args.probe == PROBE,
    )


if __name__ == "__main__":
    main()
