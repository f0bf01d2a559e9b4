"""Groups and moods of the emotion model as it ships, on GoEmotions' test split and beyond.

    python -m training.emotion.evaluate_groups --data ../shared/data [--model FOLDER]

Ekman's groups and the sentiments on GoEmotions' test split; Ekman's on the parts of BRIGHTER's
English sentences and of XED's subtitles that were held out of the training; labels and moods on
the texts of `journal_probe.tsv` and `first_person_probe.tsv` beside this file. Nothing is chosen
here. A set that is not there is left out. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from sklearn.metrics import precision_recall_fscore_support

from exporting.store import model_folder
from runners.emotion.calibration import NEUTRAL, SENTIMENT_OF, EmotionCalibration, Probabilities
from runners.emotion.classifier import EmotionClassifier
from runners.text.sentences import split_sentences
from samo.insight.entry import MAX_UNSPLIT_CHARACTERS
from samo.insight.groupings import EKMAN, contradicts, ekman_confidences, group_emotions, noisy_or
from training.emotion.data import load_goemotions
from training.emotion.group_labels import load_brighter, load_xed
from training.emotion.inference import classify
from training.emotion.metrics import expected_calibration_error

Array = npt.NDArray[Any]

# Sets of their own, told by name: `journal_probe.tsv` and so on.
PROBES: Final = ("journal", "first_person")
SENTIMENTS: Final = tuple(dict.fromkeys(SENTIMENT_OF.values()))


@dataclass(frozen=True)
class Truth:
    """Texts and whether each of `names` holds in them; `labels` has shape (texts, names)."""

    texts: list[str]
    names: tuple[str, ...]
    labels: Array


@dataclass(frozen=True)
class Answers:
    """What the service says: confidences and decisions, both of shape (texts, names)."""

    confidences: Array
    decided: Array


def multi_hot(members: Sequence[Sequence[str]], names: Sequence[str]) -> Array:
    """Rows of names to booleans of shape (rows, names); names that are not known are left out."""
    return np.asarray([[name in row for name in names] for row in members], dtype=bool)


def load_probe(path: Path, labels: Sequence[str], moods: Sequence[str]) -> tuple[Truth, Truth]:
    """Texts with their labels, and with their moods: text, comma-joined names of each."""
    with path.open(encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines][1:]
    texts = [row[0] for row in rows]
    felt, held = (
        [[name.strip() for name in row[column].split(",")] for row in rows] for column in (1, 2)
    )
    return (
        Truth(texts, tuple(labels), multi_hot(felt, labels)),
        Truth(texts, tuple(moods), multi_hot(held, moods)),
    )


def classify_entries(classifier: EmotionClassifier, texts: Sequence[str]) -> Array:
    """As `classify`; a text too long to be read as a whole goes by its sentences, as served."""
    entries = [
        [text] if len(text) <= MAX_UNSPLIT_CHARACTERS else [s.text for s in split_sentences(text)]
        for text in texts
    ]
    rows = iter(classify(classifier, [piece for entry in entries for piece in entry]))
    calibration = classifier.calibration
    return np.stack(
        [
            calibration.aggregate(
                [next(rows).astype(np.float32) for _ in entry], [len(piece) for piece in entry]
            )
            for entry in entries
        ]
    )


def ask(
    truth: Truth,
    probabilities: Array,
    confidences: Callable[[Probabilities], dict[str, float]],
    decided: Callable[[Probabilities], set[str]],
) -> Answers:
    """Confidences and decisions for each text of `truth`, of shape (texts, truth.names)."""
    values, decisions = [], []
    for row in probabilities.astype(np.float32):
        of_group = confidences(row)
        values.append([of_group[name] for name in truth.names])
        decisions.append(decided(row))
    return Answers(np.asarray(values), multi_hot([list(one) for one in decisions], truth.names))


def ask_ekman(calibration: EmotionCalibration, truth: Truth, probabilities: Array) -> Answers:
    """Ekman's groups."""
    return ask(
        truth,
        probabilities,
        lambda row: ekman_confidences(calibration.labels, row),
        lambda row: {one.name for one in group_emotions(calibration, row).ekman},
    )


def ask_sentiments(calibration: EmotionCalibration, truth: Truth, probabilities: Array) -> Answers:
    """Sentiments that have a share; their confidences, which are not served, as Ekman's are."""
    members = {
        sentiment: [label for label, own in SENTIMENT_OF.items() if own == sentiment]
        for sentiment in SENTIMENTS
    }
    return ask(
        truth,
        probabilities,
        lambda row: {
            sentiment: noisy_or(calibration.labels, row, labels)
            for sentiment, labels in members.items()
        },
        lambda row: {
            name for name, share in calibration.interpret(row).sentiments.items() if share
        },
    )


def ask_labels(calibration: EmotionCalibration, truth: Truth, probabilities: Array) -> Answers:
    """The 28 labels."""
    return ask(
        truth,
        probabilities,
        lambda row: dict(
            zip(calibration.labels, map(float, row[: len(calibration.labels)]), strict=True)
        ),
        lambda row: {emotion.name for emotion in calibration.decide(row)},
    )


def ask_moods(calibration: EmotionCalibration, truth: Truth, probabilities: Array) -> Answers:
    """Moods."""
    return ask(
        truth,
        probabilities,
        lambda row: dict(
            zip(
                calibration.moods,
                map(float, row[len(calibration.labels) :][: len(calibration.moods)]),
                strict=True,
            )
        ),
        lambda row: {mood.name for mood in group_emotions(calibration, row).moods},
    )


def measure(title: str, truth: Truth, answers: Answers) -> dict[str, Any]:
    """Print a table, a row a name, and return macro-F1, micro-F1 and ECE.

    A name that holds nowhere in the set has no F1 and is left out of the macro average.
    """
    held: Array = np.asarray(truth.labels.any(axis=0))
    precision, recall, f1, support = precision_recall_fscore_support(
        truth.labels, answers.decided, average=None, zero_division=0
    )
    *_, micro, _ = precision_recall_fscore_support(
        truth.labels, answers.decided, average="micro", zero_division=0
    )
    table = Table("name", "precision", "recall", "F1", "support", title=title)
    for row in np.argsort(-f1):
        if held[row]:
            table.add_row(
                truth.names[row],
                *(f"{value[row]:.3f}" for value in (precision, recall, f1)),
                str(support[row]),
            )
    figures = {
        "texts": len(truth.texts),
        "macro_f1": round(float(f1[held].mean()), 4),
        "micro_f1": round(float(micro), 4),
        "ece": round(expected_calibration_error(answers.confidences, truth.labels), 4),
    }
    console = Console()
    console.print(table)
    console.print("  ".join(f"{name} {value}" for name, value in figures.items()))
    return {**figures, "f1": {truth.names[i]: round(float(f1[i]), 4) for i in np.flatnonzero(held)}}


def first_answers(
    calibration: EmotionCalibration, probabilities: Array, right: Callable[[int, str], bool]
) -> dict[str, float]:
    """Confidence and accuracy of the first label of each answer, and their calibration error.

    `right` says whether a label is right for the text of this index.
    """
    answers = [calibration.decide(row)[0] for row in probabilities.astype(np.float32)]
    confidences = np.asarray([answer.confidence for answer in answers])
    truths = np.asarray([right(index, answer.name) for index, answer in enumerate(answers)])
    return {
        "first_confidence": round(float(confidences.mean()), 4),
        "first_right": round(float(truths.mean()), 4),
        "first_ece": round(expected_calibration_error(confidences, truths), 4),
        "contradictions": round(contradictions(calibration, probabilities), 4),
    }


def contradictions(calibration: EmotionCalibration, probabilities: Array) -> float:
    """Share of texts whose labels, groups, sentiment and moods contradict each other.

    A group without any of its labels or a label without its group, a sentiment with a share that
    no label has, or a mood whose sentiment is the opposite of that of every label.
    """
    wrong = 0
    for row in probabilities.astype(np.float32):
        reading, groups = calibration.interpret(row), group_emotions(calibration, row)
        labels = {emotion.name for emotion in reading.emotions}
        of_labels = {name for name, members in EKMAN.items() if labels.intersection(members)}
        sentiments = {name for name, share in groups.sentiments.items() if share}
        wrong += (
            of_labels != {one.name for one in groups.ekman}
            or sentiments != {SENTIMENT_OF[label] for label in labels}
            or any(contradicts(mood.name, labels) for mood in groups.moods)
        )
    return wrong / len(probabilities)


def evaluate(classifier: EmotionClassifier, data: Path, probes: Path) -> dict[str, Any]:
    """Measure on each set that is there; figures by set."""
    calibration = classifier.calibration
    figures: dict[str, Any] = {}
    if (data / "goemotions").is_dir():
        test = load_goemotions(data / "goemotions", "test")
        probabilities = classify(classifier, test.texts)
        held = [
            {name for name, one in zip(test.label_names, row, strict=True) if one}
            for row in test.labels
        ]
        ekman = [[name for name, own in EKMAN.items() if labels & set(own)] for labels in held]
        truth = Truth(test.texts, tuple(EKMAN), multi_hot(ekman, tuple(EKMAN)))
        figures["goemotions_ekman"] = measure(
            "Ekman, GoEmotions test", truth, ask_ekman(calibration, truth, probabilities)
        )
        sentiments: list[list[str]] = [[SENTIMENT_OF[name] for name in labels] for labels in held]
        truth = Truth(test.texts, SENTIMENTS, multi_hot(sentiments, SENTIMENTS))
        figures["goemotions_sentiments"] = measure(
            "Sentiments, GoEmotions test", truth, ask_sentiments(calibration, truth, probabilities)
        )
    for name, file, load in (
        ("brighter_ekman", "brighter_eng_train.csv", load_brighter),
        ("xed_ekman", "xed_en.tsv", load_xed),
    ):
        if (data / "text" / file).is_file():
            corpus = load(data / "text", "held")
            truth = Truth(corpus.texts, corpus.groups, corpus.present)
            probabilities = classify_entries(classifier, truth.texts)
            figures[name] = measure(
                f"Ekman, {file}", truth, ask_ekman(calibration, truth, probabilities)
            )
            figures[name] |= first_answers(calibration, probabilities, _hears_group(truth))
    for name in PROBES:
        probe = probes / f"{name}_probe.tsv"
        if probe.is_file():
            labelled, moods = load_probe(probe, calibration.labels, calibration.moods)
            probabilities = classify_entries(classifier, labelled.texts)
            figures[f"{name}_labels"] = measure(
                f"Labels, {probe.name}", labelled, ask_labels(calibration, labelled, probabilities)
            ) | first_answers(calibration, probabilities, _has_label(labelled))
            figures[f"{name}_moods"] = measure(
                f"Moods, {probe.name}", moods, ask_moods(calibration, moods, probabilities)
            )
    return figures


def _hears_group(truth: Truth) -> Callable[[int, str], bool]:
    """A label is right where raters heard its group, and neutral where they heard none."""
    held = [{truth.names[i] for i in np.flatnonzero(row)} for row in truth.labels]
    return lambda index, label: (
        not held[index] if label == NEUTRAL else any(label in EKMAN[name] for name in held[index])
    )


def _has_label(truth: Truth) -> Callable[[int, str], bool]:
    return lambda index, label: bool(truth.labels[index, truth.names.index(label)])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.evaluate_groups",
        description="Evaluate Ekman's groups, sentiments and moods. The last line is JSON.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of goemotions/ and text/")
    parser.add_argument("--model", type=Path, help="exported folder; default: the model store's")
    parser.add_argument(
        "--probes",
        type=Path,
        default=Path(__file__).parent,
        help="folder of the probes; default: beside the program",
    )
    arguments = parser.parse_args()
    folder = arguments.model or model_folder("samo-emotion")
    classifier = EmotionClassifier.load(folder, threads=2)
    print(json.dumps(evaluate(classifier, arguments.data, arguments.probes)))


if __name__ == "__main__":
    main()
