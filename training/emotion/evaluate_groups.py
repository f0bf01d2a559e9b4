"""Groups and moods of the emotion model as it ships, on GoEmotions' test split and beyond.

    python -m training.emotion.evaluate_groups --data ../shared/data [--model FOLDER]

Ekman's groups and the sentiments on GoEmotions' test split; Ekman's on two sets that the model
never saw, BRIGHTER's English sentences and XED's subtitles; labels and moods on the entries of
`journal_probe.tsv` beside this file, where it is there. Nothing is chosen here. A set that is
not in `--data` is left out. The last line is JSON.
"""

from __future__ import annotations

import argparse
import csv
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

from runners.emotion import EmotionClassifier
from samo.cues import find_cues
from samo.emotions import NEUTRAL, SENTIMENT_OF, EmotionScale, Probabilities
from samo.groupings import EKMAN, MOODS, ekman_confidences, group, mood_confidences, noisy_or
from samo.pipeline import MAX_WHOLE_CHARACTERS
from samo.sentences import split
from training.emotion.data import load_goemotions
from training.emotion.figures import expected_calibration_error
from training.emotion.inference import classify
from training.evaluation.stored import stored_folder

Array = npt.NDArray[Any]

JOURNAL_PROBE: Final = Path(__file__).parent / "journal_probe.tsv"
SENTIMENTS: Final = tuple(dict.fromkeys(SENTIMENT_OF.values()))
EKMANS_SIX: Final = tuple(name for name in EKMAN if name != NEUTRAL)
BRIGHTERS_FIVE: Final = ("anger", "fear", "joy", "sadness", "surprise")
# XED's ids of Plutchik's eight; anticipation (2) and trust (8) are none of Ekman's six.
XED_IDS: Final = {"anger": 1, "disgust": 3, "fear": 4, "joy": 5, "sadness": 6, "surprise": 7}


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


def load_brighter(path: Path) -> Truth:
    """BRIGHTER's English sentences (Muhammad et al., 2025): a column an emotion, 0 or 1."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    members = [[name for name in BRIGHTERS_FIVE if row[name] == "1"] for row in rows]
    texts = [row["text"] for row in rows]
    return Truth(texts, BRIGHTERS_FIVE, multi_hot(members, BRIGHTERS_FIVE))


def load_xed(path: Path) -> Truth:
    """XED's English subtitles (Öhman et al., 2020): text, comma-joined ids; each line has one."""
    texts, members = [], []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            text, ids = line.rstrip("\n").split("\t")
            held = {int(one) for one in ids.split(",")}
            texts.append(text)
            members.append([name for name, own in XED_IDS.items() if own in held])
    return Truth(texts, EKMANS_SIX, multi_hot(members, EKMANS_SIX))


def load_journal_probe(path: Path, labels: Sequence[str]) -> tuple[Truth, Truth]:
    """Entries with their labels, and with their moods: text, comma-joined names of each."""
    with path.open(encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines][1:]
    texts = [row[0] for row in rows]
    emotions, moods = (
        [[name.strip() for name in row[column].split(",")] for row in rows] for column in (1, 2)
    )
    return (
        Truth(texts, tuple(labels), multi_hot(emotions, labels)),
        Truth(texts, tuple(MOODS), multi_hot(moods, tuple(MOODS))),
    )


def classify_entries(classifier: EmotionClassifier, texts: Sequence[str]) -> Array:
    """As `classify`; a text too long to be read as a whole goes by its sentences, as served."""
    entries = [
        [text] if len(text) <= MAX_WHOLE_CHARACTERS else [s.text for s in split(text)]
        for text in texts
    ]
    rows = iter(classify(classifier, [piece for entry in entries for piece in entry]))
    scale = classifier.scale
    return np.stack(
        [
            scale.aggregate(
                [next(rows).astype(np.float32) for _ in entry], [len(piece) for piece in entry]
            )
            for entry in entries
        ]
    )


def ask(
    truth: Truth,
    probabilities: Array,
    confidences: Callable[[Probabilities, str], dict[str, float]],
    decided: Callable[[Probabilities, str], set[str]],
) -> Answers:
    """Confidences and decisions for each text of `truth`, of shape (texts, truth.names)."""
    values, decisions = [], []
    for row, text in zip(probabilities.astype(np.float32), truth.texts, strict=True):
        of_group = confidences(row, text)
        values.append([of_group[name] for name in truth.names])
        decisions.append(decided(row, text))
    return Answers(np.asarray(values), multi_hot([list(one) for one in decisions], truth.names))


def ask_ekman(scale: EmotionScale, truth: Truth, probabilities: Array) -> Answers:
    """Ekman's groups."""
    return ask(
        truth,
        probabilities,
        lambda row, _text: ekman_confidences(scale.labels, row),
        lambda row, text: {one.name for one in group(scale, row, text).ekman},
    )


def ask_sentiments(scale: EmotionScale, truth: Truth, probabilities: Array) -> Answers:
    """Sentiments that have a share; their confidences, which are not served, as Ekman's are."""
    members = {
        sentiment: {label: 1.0 for label, own in SENTIMENT_OF.items() if own == sentiment}
        for sentiment in SENTIMENTS
    }
    return ask(
        truth,
        probabilities,
        lambda row, _text: {
            sentiment: noisy_or(scale.labels, row, weights)
            for sentiment, weights in members.items()
        },
        lambda row, _text: {name for name, share in scale.read(row).sentiments.items() if share},
    )


def ask_labels(scale: EmotionScale, truth: Truth, probabilities: Array) -> Answers:
    """The 28 labels."""
    return ask(
        truth,
        probabilities,
        lambda row, _text: dict(zip(scale.labels, map(float, row), strict=True)),
        lambda row, _text: {emotion.name for emotion in scale.decide(row)},
    )


def ask_moods(scale: EmotionScale, truth: Truth, probabilities: Array) -> Answers:
    """Moods, from labels and cues."""
    return ask(
        truth,
        probabilities,
        lambda row, text: mood_confidences(scale.labels, row, find_cues(text)),
        lambda row, text: {mood.name for mood in group(scale, row, text).moods},
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


def evaluate(classifier: EmotionClassifier, data: Path, probe: Path) -> dict[str, Any]:
    """Measure on each set that is there; figures by set."""
    scale = classifier.scale
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
            "Ekman, GoEmotions test", truth, ask_ekman(scale, truth, probabilities)
        )
        sentiments: list[list[str]] = [[SENTIMENT_OF[name] for name in labels] for labels in held]
        truth = Truth(test.texts, SENTIMENTS, multi_hot(sentiments, SENTIMENTS))
        figures["goemotions_sentiments"] = measure(
            "Sentiments, GoEmotions test", truth, ask_sentiments(scale, truth, probabilities)
        )
    for name, file, load in (
        ("brighter_ekman", "brighter_eng_train.csv", load_brighter),
        ("xed_ekman", "xed_en.tsv", load_xed),
    ):
        if (data / "text" / file).is_file():
            truth = load(data / "text" / file)
            probabilities = classify_entries(classifier, truth.texts)
            figures[name] = measure(f"Ekman, {file}", truth, ask_ekman(scale, truth, probabilities))
    if probe.is_file():
        labelled, moods = load_journal_probe(probe, scale.labels)
        probabilities = classify_entries(classifier, labelled.texts)
        figures["journal_labels"] = measure(
            "Labels, journal probe", labelled, ask_labels(scale, labelled, probabilities)
        )
        figures["journal_moods"] = measure(
            "Moods, journal probe", moods, ask_moods(scale, moods, probabilities)
        )
    return figures


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.evaluate_groups",
        description="Evaluate Ekman's groups, sentiments and moods. The last line is JSON.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of goemotions/ and text/")
    parser.add_argument("--model", type=Path, help="exported folder; default: the model store's")
    parser.add_argument("--probe", type=Path, default=JOURNAL_PROBE, help="journal probe, TSV")
    arguments = parser.parse_args()
    folder = arguments.model or stored_folder("samo-emotion")
    classifier = EmotionClassifier.load(folder, threads=2)
    print(json.dumps(evaluate(classifier, arguments.data, arguments.probe)))


if __name__ == "__main__":
    main()
