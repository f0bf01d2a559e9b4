"""Labelled texts on which groups, labels and moods are evaluated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from runners.emotion.calibration import EmotionCalibration
from runners.emotion.prediction import NEUTRAL, SENTIMENT_OF, Sentiment
from samo.insight.groupings import EKMAN
from training.arrays import Array
from training.emotion.data import load_goemotions
from training.emotion.group_corpora import GroupLabelledTexts

SENTIMENTS: Final[tuple[Sentiment, ...]] = tuple(dict.fromkeys(SENTIMENT_OF.values()))


@dataclass(frozen=True)
class LabelledSet:
    """Texts and whether each of `names` applies; `labels` has shape (texts, names), dtype bool."""

    texts: list[str]
    names: tuple[str, ...]
    labels: Array

    def applying(self, index: int) -> set[str]:
        """Names that apply to the text with this index."""
        return {self.names[i] for i in np.flatnonzero(self.labels[index])}


# Whether a predicted label is correct for the text with this index.
IsCorrect = Callable[[int, str], bool]


def multi_hot(members: Sequence[set[str]], names: Sequence[str]) -> Array:
    """Booleans of shape (rows, names); names that are not in `names` are ignored."""
    return np.asarray([[name in row for name in names] for row in members], dtype=bool)


def goemotions_groups(data: Path) -> tuple[LabelledSet, LabelledSet]:
    """GoEmotions' test split with Ekman's groups, and with sentiments."""
    test = load_goemotions(data, "test")
    labels = [{test.label_names[i] for i in np.flatnonzero(row)} for row in test.labels]
    ekman = [{name for name, members in EKMAN.items() if row & set(members)} for row in labels]
    sentiments: list[set[str]] = [{SENTIMENT_OF[name] for name in row} for row in labels]
    return (
        LabelledSet(test.texts, tuple(EKMAN), multi_hot(ekman, tuple(EKMAN))),
        LabelledSet(test.texts, SENTIMENTS, multi_hot(sentiments, SENTIMENTS)),
    )


def group_set(corpus: GroupLabelledTexts) -> LabelledSet:
    """A corpus with the groups that its raters assigned."""
    return LabelledSet(corpus.texts, corpus.groups, corpus.present)


def load_probe(path: Path, calibration: EmotionCalibration) -> tuple[LabelledSet, LabelledSet]:
    """Load a probe with labels, and with moods: columns text, labels, moods, after a header."""
    with path.open(encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines][1:]
    texts = [row[0] for row in rows]
    labels, moods = (
        [{name.strip() for name in row[column].split(",")} for row in rows] for column in (1, 2)
    )
    return (
        LabelledSet(texts, calibration.labels, multi_hot(labels, calibration.labels)),
        LabelledSet(texts, calibration.moods, multi_hot(moods, calibration.moods)),
    )


def label_matches_group(labelled: LabelledSet) -> IsCorrect:
    """A label is correct if its group was assigned; neutral, if no group was."""
    assigned = [labelled.applying(index) for index in range(len(labelled.texts))]
    return lambda index, label: (
        not assigned[index]
        if label == NEUTRAL
        else any(label in EKMAN[group] for group in assigned[index])
    )


def label_applies(labelled: LabelledSet) -> IsCorrect:
    """A label is correct if it was assigned."""
    return lambda index, label: label in labelled.applying(index)
