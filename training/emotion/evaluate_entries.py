"""Evaluate entries as served: which emotions, how intense, whether mixed.

    python -m training.emotion.evaluate_entries --data ../shared/data [--model FOLDER]

The entries are the diary probes, and entries composed of comments of GoEmotions' test split
(`composites`). The method "every label" is a baseline that an earlier version served: the power
mean with exponent 12, by which an entry has each emotion of its sentences. Nothing is chosen on
these texts. The last line of output is JSON.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import f1_score

from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier
from runners.emotion.prediction import NEUTRAL
from samo.insight.entry import ClassifiedEntry, interpret_entry, split_entry
from training.command_line import DATA_HELP, command_parser, print_table
from training.corpora import SPLITS
from training.emotion.data import load_goemotions
from training.emotion.diaries import PROBE, PROBE_MORE, Diary, composites, load_diaries
from training.emotion.former import print_figures
from training.emotion.served import add_model_argument, classify_entries, load_classifier

Entries = Sequence[tuple[Diary, ClassifiedEntry]]
# Changes how the probabilities of an entry are aggregated.
Method = Callable[[EmotionCalibration, ClassifiedEntry], ClassifiedEntry]

COMPOSITES: Final = 300
# Diaries with a labelled intensity below the first bound are calm, above the second intense.
CALM_BELOW: Final = 0.3
INTENSE_ABOVE: Final = 0.7
POWER_MEAN_EXPONENT: Final = 12.0


def served(_calibration: EmotionCalibration, classified: ClassifiedEntry) -> ClassifiedEntry:
    """Keep the aggregation of the service."""
    return classified


def every_label(calibration: EmotionCalibration, classified: ClassifiedEntry) -> ClassifiedEntry:
    """Aggregate by the power mean; `neutral` has the negative exponent."""
    rows = np.stack(classified.sentence_probabilities)
    lengths = np.asarray(classified.split.lengths, dtype=np.float64)
    exponents = np.full(rows.shape[1], POWER_MEAN_EXPONENT)
    exponents[calibration.labels.index(NEUTRAL)] *= -1.0
    weights = lengths / lengths.sum()
    means = (weights[:, None] * np.clip(rows, 1e-6, 1.0) ** exponents).sum(axis=0)
    return dataclasses.replace(
        classified, entry_probabilities=(means ** (1.0 / exponents)).astype(np.float32)
    )


METHODS: Final[dict[str, Method]] = {"served": served, "every label": every_label}


def measure_labels(
    calibration: EmotionCalibration, entries: Entries, method: Method
) -> dict[str, float]:
    """Agreement of the predicted emotions with the labels of the entries."""
    truths, decided, ranks, first = [], [], [], []
    for diary, classified in entries:
        truth = diary.shares(calibration.labels)
        aggregated = method(calibration, classified)
        emotions = interpret_entry(calibration, aggregated).prediction.emotions
        names = [emotion.name for emotion in emotions]
        probabilities = aggregated.entry_probabilities[: len(truth)]
        truths.append(truth > 0)
        decided.append([label in names for label in calibration.labels])
        ranks.append(spearmanr(probabilities, truth).statistic)
        first.append(truth[calibration.labels.index(names[0])] > 0)
    counts = np.sum(decided, axis=1)
    return {
        "labels_median": float(np.median(counts)),
        "labels_mean": float(np.mean(counts)),
        "micro_f1": float(f1_score(truths, decided, average="micro", zero_division=0)),
        "rank_correlation": float(np.nanmean(ranks)),
        "first_right": float(np.mean(first)),
    }


def measure_entries(calibration: EmotionCalibration, diaries: Entries) -> dict[str, float]:
    """Metrics that only the served interpretation of an entry has: intensity, mixed, groups."""
    predictions = [interpret_entry(calibration, classified) for _, classified in diaries]
    predicted = np.asarray([one.prediction.intensity for one in predictions])
    truth = np.asarray([diary.intensity for diary, _ in diaries])
    mixed = [diary.kind == "mixed" for diary, _ in diaries]
    calm = float(predicted[truth < CALM_BELOW].mean())
    intense = float(predicted[truth > INTENSE_ABOVE].mean())
    emotions = [[emotion.name for emotion in one.prediction.emotions] for one in predictions]
    groups = [[group.name for group in one.groups.ekman] for one in predictions]
    return {
        "intensity_calm": calm,
        "intensity_intense": intense,
        "intensity_gap": intense - calm,
        "intensity_correlation": float(np.corrcoef(predicted, truth)[0, 1]),
        "mixed_f1": float(f1_score(mixed, [one.prediction.mixed for one in predictions])),
        "joy_among_groups": float(np.mean(["joy" in names for names in groups])),
        "neutral_alone": float(np.mean([names == [NEUTRAL] for names in emotions])),
    }


def evaluate(classifier: EmotionClassifier, data: Path, split: str) -> dict[str, Any]:
    """Return the metrics by set and method."""
    calibration = classifier.calibration
    sets = {
        "diaries": load_diaries(PROBE),
        "more diaries": load_diaries(PROBE_MORE),
        "composites": [entry for entry, _ in composites(load_goemotions(data, split), COMPOSITES)],
    }
    figures: dict[str, Any] = {}
    for name, diaries in sets.items():
        classified = classify_entries(classifier, [diary.text for diary in diaries], split_entry)
        entries = list(zip(diaries, classified, strict=True))
        figures[name] = {
            method_name: measure_labels(calibration, entries, method)
            for method_name, method in METHODS.items()
        }
        if name != "composites":
            figures[name]["served"] |= measure_entries(calibration, entries)
    return figures


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.evaluate_entries",
        "Evaluate the emotions of entries as served. The last line is JSON.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--split", default="test", choices=SPLITS, help="split of the composites")
    add_model_argument(parser)
    args = parser.parse_args()
    figures = evaluate(load_classifier(args.model), args.data, args.split)
    for name, methods in figures.items():
        # one row per metric is easier to read: there are two methods and twelve metrics
        rows = {
            metric.replace("_", " "): {
                method: values[metric] for method, values in methods.items() if metric in values
            }
            for metric in methods["served"]
        }
        print_table(name, rows)
    print_figures(
        "training.emotion.evaluate_entries", figures, args.model, is_default=args.split == "test"
    )


if __name__ == "__main__":
    main()
