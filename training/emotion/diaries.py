"""Synthetic diary entries with labels of each sentence and of the whole (journal.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from runners.emotion.aggregation import MAX_EMOTIONS
from runners.emotion.calibration import NEUTRAL
from training.emotion.data import LabelledTexts, read_lines

# To fit on, and to evaluate on; by different writers, with summaries by a third.
DIARIES: Final = Path(__file__).with_name("diaries.jsonl")
PROBE: Final = Path(__file__).with_name("diary_probe.jsonl")
# Numbers of comments of a composite, the upper end excluded.
NEUTRAL_COMMENTS: Final = (2, 10)
EMOTIONAL_COMMENTS: Final = (1, 4)

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Diary:
    """An entry as a careful reader labelled it.

    `labels` holds each sentence's; `whole` the entry's one to three emotions with their share of
    it; `intensity` is in [0, 1]; `kind` is "calm", "single", "mixed" or, where the entry is made of
    comments and has neither intensity nor summary, "composite".
    """

    name: str
    sentences: list[str]
    labels: list[list[str]]
    whole: dict[str, float]
    intensity: float
    kind: str
    summary: str

    @property
    def lengths(self) -> list[int]:
        """Number of characters of each sentence."""
        return [len(sentence) for sentence in self.sentences]

    def shares(self, labels: Sequence[str]) -> Array:
        """Share of each of `labels` in the whole, 0 where it has none; shape (labels,)."""
        return np.asarray([self.whole.get(label, 0.0) for label in labels])


def load_diaries(path: Path) -> list[Diary]:
    """Read a file of diaries."""
    return [
        Diary(
            name=line["id"],
            sentences=[sentence["text"] for sentence in line["sentences"]],
            labels=[sentence["labels"] for sentence in line["sentences"]],
            whole={one["emotion"]: one["share"] for one in line["whole"]},
            intensity=line["intensity"],
            kind=line["kind"],
            summary=line["summary"],
        )
        for _, line in read_lines([path])
    ]


def composites(comments: LabelledTexts, number: int, seed: int = 0) -> list[tuple[Diary, Array]]:
    """Entries made of neutral comments and a few emotional ones, with the comments' indices.

    The whole has the up to three emotions with the largest shares. Most of a diary is plain
    report, and these show that one emotional sentence among many neutral ones still counts.
    """
    rng = np.random.default_rng(seed)
    names = comments.label_names
    neutral = names.index(NEUTRAL)
    only_neutral = (comments.labels[:, neutral] == 1.0) & (comments.labels.sum(axis=1) == 1.0)
    plain = np.flatnonzero(only_neutral)
    emotional = np.flatnonzero(comments.labels[:, neutral] == 0.0)
    made: list[tuple[Diary, Array]] = []
    for index in range(number):
        rows = np.concatenate(
            [
                rng.choice(plain, rng.integers(*NEUTRAL_COMMENTS), replace=False),
                rng.choice(emotional, rng.integers(*EMOTIONAL_COMMENTS), replace=False),
            ]
        )
        rows = rng.permutation(rows)
        texts = [comments.texts[row] for row in rows]
        lengths = np.asarray([len(text) for text in texts], dtype=np.float64)
        shares = (lengths / lengths.sum()) @ comments.labels[rows]
        shares[neutral] = 0.0
        largest = np.argsort(-shares, kind="stable")[:MAX_EMOTIONS]
        labels = [[names[i] for i in np.flatnonzero(comments.labels[row])] for row in rows]
        whole = {names[i]: float(shares[i]) for i in largest if shares[i] > 0.0}
        made.append((Diary(str(index), texts, labels, whole, 0.0, "composite", ""), rows))
    return made
