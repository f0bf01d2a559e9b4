"""Synthetic diary entries with labels for each sentence and for the entry (journal.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from runners.emotion.aggregation import MAX_EMOTIONS
from runners.emotion.prediction import NEUTRAL
from training.arrays import Array
from training.emotion.data import LabelledTexts, read_lines

# Each file has writers of its own: one, or two in the files `DIARIES_THIRD` and `PROBE_MORE`. The
# summaries are by others. The probes are only for evaluation.
DIARIES: Final = Path(__file__).with_name("diaries.jsonl")
DIARIES_MORE: Final = Path(__file__).with_name("diaries_more.jsonl")
DIARIES_THIRD: Final = Path(__file__).with_name("diaries_third.jsonl")
FITTED: Final = (DIARIES, DIARIES_MORE, DIARIES_THIRD)
PROBE: Final = Path(__file__).with_name("diary_probe.jsonl")
PROBE_MORE: Final = Path(__file__).with_name("diary_probe_more.jsonl")
PROBES: Final = (PROBE, PROBE_MORE)
# Ranges of the number of comments in a composite; the upper bound is excluded.
NEUTRAL_COMMENTS: Final = (2, 10)
EMOTIONAL_COMMENTS: Final = (1, 4)


@dataclass(frozen=True)
class Diary:
    """An entry with the labels of a careful reader.

    Attributes:
        name: its id.
        sentences: its sentences in order.
        labels: labels of each sentence.
        emotions: the one to three emotions of the entry with their shares of it.
        intensity: how intense they are, in [0, 1]; 0 for a composite.
        kind: "calm", "single" (one emotion), "mixed" or "composite" (`composites`).
        summary: a summary by another writer; empty for a composite.

    """

    name: str
    sentences: list[str]
    labels: list[list[str]]
    emotions: dict[str, float]
    intensity: float
    kind: str
    summary: str

    @property
    def text(self) -> str:
        """The entry as a person would submit it."""
        return " ".join(self.sentences)

    @property
    def lengths(self) -> list[int]:
        """Number of characters of each sentence."""
        return [len(sentence) for sentence in self.sentences]

    def shares(self, labels: Sequence[str]) -> Array:
        """Share of each of `labels` in the entry, of shape (labels,); 0 if it has none."""
        return np.asarray([self.emotions.get(label, 0.0) for label in labels])


def load_diaries(path: Path) -> list[Diary]:
    """Load a file of diaries."""
    return [
        Diary(
            name=line["id"],
            sentences=[sentence["text"] for sentence in line["sentences"]],
            labels=[sentence["labels"] for sentence in line["sentences"]],
            emotions={emotion["emotion"]: emotion["share"] for emotion in line["whole"]},
            intensity=line["intensity"],
            kind=line["kind"],
            summary=line["summary"],
        )
        for _, line in read_lines([path])
    ]


def composites(comments: LabelledTexts, number: int, seed: int = 0) -> list[tuple[Diary, Array]]:
    """Compose entries of neutral and emotional comments; return each with the comments' indices.

    The emotions of an entry are the up to three with the largest shares. Diaries are mostly plain
    report, and composites add cases in which one emotional sentence among many neutral ones counts.
    """
    rng = np.random.default_rng(seed)
    is_neutral = comments.column(NEUTRAL) == 1.0
    neutral = np.flatnonzero(is_neutral & (comments.labels.sum(axis=1) == 1.0))
    emotional = np.flatnonzero(~is_neutral)
    entries: list[tuple[Diary, Array]] = []
    for index in range(number):
        rows = np.concatenate(
            [
                rng.choice(neutral, rng.integers(*NEUTRAL_COMMENTS), replace=False),
                rng.choice(emotional, rng.integers(*EMOTIONAL_COMMENTS), replace=False),
            ]
        )
        rows = rng.permutation(rows)
        entries.append((_composite(str(index), comments.select(rows)), rows))
    return entries


def _composite(name: str, comments: LabelledTexts) -> Diary:
    names = comments.label_names
    lengths = np.asarray([len(text) for text in comments.texts], dtype=np.float64)
    shares = (lengths / lengths.sum()) @ comments.labels
    shares[names.index(NEUTRAL)] = 0.0
    largest = np.argsort(-shares, kind="stable")[:MAX_EMOTIONS]
    return Diary(
        name=name,
        sentences=comments.texts,
        labels=[[names[i] for i in np.flatnonzero(row)] for row in comments.labels],
        emotions={names[i]: float(shares[i]) for i in largest if shares[i] > 0.0},
        intensity=0.0,
        kind="composite",
        summary="",
    )
