"""Evaluate groups, labels and moods as served, on GoEmotions' test split and other corpora.

    python -m training.emotion.evaluate_groups --data ../shared/data [--model FOLDER]

- Ekman's groups and the sentiments on GoEmotions' test split
- Ekman's groups on the held-out parts of BRIGHTER's English sentences and of XED's subtitles
- labels and moods on the probes `journal_probe.tsv` and `first_person_probe.tsv`

Nothing is chosen on these texts. A corpus that is missing is skipped. The last line of output is
JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.metrics import precision_recall_fscore_support

from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.classifier import EmotionClassifier
from runners.emotion.prediction import SENTIMENT_OF
from samo.insight.groupings import (
    EKMAN,
    contradicts,
    ekman_confidences,
    group_emotions,
    noisy_or,
)
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser
from training.emotion.former import print_figures
from training.emotion.group_corpora import load_brighter, load_xed
from training.emotion.labelled_sets import (
    SENTIMENTS,
    IsCorrect,
    LabelledSet,
    goemotions_groups,
    group_set,
    label_applies,
    label_matches_group,
    load_probe,
    multi_hot,
)
from training.emotion.metrics import expected_calibration_error
from training.emotion.served import add_model_argument, entry_probabilities, load_classifier

# Names of the probes: `journal_probe.tsv` and so on.
PROBES: Final = ("journal", "first_person")


@dataclass(frozen=True)
class Predictions:
    """Confidences, and decisions of dtype bool, both of shape (texts, names)."""

    confidences: Array
    decided: Array


def predict_set(
    labelled: LabelledSet,
    probabilities: Array,
    confidences: Callable[[Probabilities], dict[str, float]],
    decide: Callable[[Probabilities], set[str]],
) -> Predictions:
    """Apply `confidences` and `decide` to the outputs for each text of `labelled`."""
    values = [confidences(row) for row in probabilities]
    return Predictions(
        np.asarray([[row[name] for name in labelled.names] for row in values]),
        multi_hot([decide(row) for row in probabilities], labelled.names),
    )


def predict_ekman(
    calibration: EmotionCalibration, labelled: LabelledSet, probabilities: Array
) -> Predictions:
    """Ekman's groups."""
    return predict_set(
        labelled,
        probabilities,
        lambda row: ekman_confidences(calibration.labels, row),
        lambda row: {group.name for group in group_emotions(calibration, row).ekman},
    )


def predict_sentiments(
    calibration: EmotionCalibration, labelled: LabelledSet, probabilities: Array
) -> Predictions:
    """Sentiments with a share. Their confidences are not served; they are computed as Ekman's."""
    members = {
        sentiment: [label for label, other in SENTIMENT_OF.items() if other == sentiment]
        for sentiment in SENTIMENTS
    }
    return predict_set(
        labelled,
        probabilities,
        lambda row: {
            sentiment: noisy_or(calibration.labels, row, labels)
            for sentiment, labels in members.items()
        },
        lambda row: {
            name for name, share in calibration.interpret(row).sentiments.items() if share
        },
    )


def predict_labels(
    calibration: EmotionCalibration, labelled: LabelledSet, probabilities: Array
) -> Predictions:
    """The 28 labels."""
    return predict_set(
        labelled,
        probabilities,
        lambda row: dict(zip(calibration.outputs, map(float, row), strict=True)),
        lambda row: {emotion.name for emotion in calibration.decide(row)},
    )


def predict_moods(
    calibration: EmotionCalibration, labelled: LabelledSet, probabilities: Array
) -> Predictions:
    """The moods."""
    moods = slice(len(calibration.labels), len(calibration.labels) + len(calibration.moods))
    return predict_set(
        labelled,
        probabilities,
        lambda row: dict(zip(calibration.moods, map(float, row[moods]), strict=True)),
        lambda row: {mood.name for mood in group_emotions(calibration, row).moods},
    )


def measure(title: str, labelled: LabelledSet, predictions: Predictions) -> dict[str, Any]:
    """Print a table with one row per name, and return macro-F1, micro-F1 and ECE.

    A name that applies to no text has no F1 and is not part of the macro average.
    """
    is_present = np.asarray(labelled.labels.any(axis=0))
    scores = precision_recall_fscore_support(
        labelled.labels, predictions.decided, average=None, zero_division=0
    )
    *_, micro, _ = precision_recall_fscore_support(
        labelled.labels, predictions.decided, average="micro", zero_division=0
    )
    f1 = scores[2]
    figures: dict[str, Any] = {
        "texts": len(labelled.texts),
        "macro_f1": float(f1[is_present].mean()),
        "micro_f1": float(micro),
        "ece": expected_calibration_error(predictions.confidences, labelled.labels),
    }
    _print_scores(title, labelled.names, scores, is_present, figures)
    return figures | {"f1": {labelled.names[i]: float(f1[i]) for i in np.flatnonzero(is_present)}}


def _print_scores(
    title: str,
    names: tuple[str, ...],
    scores: tuple[Array, Array, Array, Array],
    is_present: Array,
    figures: dict[str, Any],
) -> None:
    table = Table("name", "precision", "recall", "F1", "support", title=title)
    *values, support = scores
    for row in np.argsort(-scores[2]):
        if is_present[row]:
            table.add_row(names[row], *(f"{value[row]:.3f}" for value in values), str(support[row]))
    console = Console()
    console.print(table)
    console.print("  ".join(f"{name} {round(value, 4)}" for name, value in figures.items()))


def top_label_accuracy(
    calibration: EmotionCalibration, probabilities: Array, is_correct: IsCorrect
) -> dict[str, float]:
    """Confidence and accuracy of each text's first label, their ECE, and contradictions."""
    first = [calibration.decide(row)[0] for row in probabilities]
    confidences = np.asarray([emotion.confidence for emotion in first])
    correct = np.asarray([is_correct(index, emotion.name) for index, emotion in enumerate(first)])
    return {
        "first_confidence": float(confidences.mean()),
        "first_right": float(correct.mean()),
        "first_ece": expected_calibration_error(confidences, correct),
        "contradictions": contradiction_rate(calibration, probabilities),
    }


def contradiction_rate(calibration: EmotionCalibration, probabilities: Array) -> float:
    """Share of texts whose labels, groups, sentiments and moods contradict each other.

    A contradiction is a group without any of its labels, a label without its group, a sentiment
    with a share that no label has, or a mood with the opposite sentiment of all labels.
    """
    contradictions = 0
    for row in probabilities:
        prediction, groups = calibration.interpret(row), group_emotions(calibration, row)
        labels = {emotion.name for emotion in prediction.emotions}
        label_groups = {name for name, members in EKMAN.items() if labels.intersection(members)}
        sentiments = {name for name, share in groups.sentiments.items() if share}
        contradictions += (
            label_groups != {group.name for group in groups.ekman}
            or sentiments != {SENTIMENT_OF[label] for label in labels}
            or any(contradicts(mood.name, labels) for mood in groups.moods)
        )
    return contradictions / len(probabilities)


def evaluate(classifier: EmotionClassifier, data: Path, probes: Path) -> dict[str, Any]:
    """Return the metrics of each set that is available."""
    return (
        _evaluate_goemotions(classifier, data)
        | _evaluate_group_corpora(classifier, data)
        | _evaluate_probes(classifier, probes)
    )


def _evaluate_goemotions(classifier: EmotionClassifier, data: Path) -> dict[str, Any]:
    if not (data / "goemotions").is_dir():
        return {}
    calibration = classifier.calibration
    ekman, sentiments = goemotions_groups(data)
    probabilities = entry_probabilities(classifier, ekman.texts)
    return {
        "goemotions_ekman": measure(
            "Ekman, GoEmotions test", ekman, predict_ekman(calibration, ekman, probabilities)
        ),
        "goemotions_sentiments": measure(
            "Sentiments, GoEmotions test",
            sentiments,
            predict_sentiments(calibration, sentiments, probabilities),
        ),
    }


def _evaluate_group_corpora(classifier: EmotionClassifier, data: Path) -> dict[str, Any]:
    calibration = classifier.calibration
    figures: dict[str, Any] = {}
    for name, file, load in (
        ("brighter_ekman", "brighter_eng_train.csv", load_brighter),
        ("xed_ekman", "xed_en.tsv", load_xed),
    ):
        if (data / "text" / file).is_file():
            labelled = group_set(load(data, "held"))
            probabilities = entry_probabilities(classifier, labelled.texts)
            predictions = predict_ekman(calibration, labelled, probabilities)
            figures[name] = measure(f"Ekman, {file}", labelled, predictions) | top_label_accuracy(
                calibration, probabilities, label_matches_group(labelled)
            )
    return figures


def _evaluate_probes(classifier: EmotionClassifier, probes: Path) -> dict[str, Any]:
    calibration = classifier.calibration
    figures: dict[str, Any] = {}
    for name in PROBES:
        path = probes / f"{name}_probe.tsv"
        if path.is_file():
            labels, moods = load_probe(path, calibration)
            probabilities = entry_probabilities(classifier, labels.texts)
            figures[f"{name}_labels"] = measure(
                f"Labels, {path.name}", labels, predict_labels(calibration, labels, probabilities)
            ) | top_label_accuracy(calibration, probabilities, label_applies(labels))
            figures[f"{name}_moods"] = measure(
                f"Moods, {path.name}", moods, predict_moods(calibration, moods, probabilities)
            )
    return figures


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.evaluate_groups",
        "Evaluate Ekman's groups, sentiments, labels and moods. The last line is JSON.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    add_model_argument(parser)
    parser.add_argument(
        "--probes", type=Path, default=Path(__file__).parent, help="folder with the probes"
    )
    args = parser.parse_args()
    figures = evaluate(load_classifier(args.model), args.data, args.probes)
    is_default = args.probes == Path(__file__).parent
    print_figures("training.emotion.evaluate_groups", figures, args.model, is_default=is_default)


if __name__ == "__main__":
    main()
