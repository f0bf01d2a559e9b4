"""Synthetic diary entries with labels of each sentence and of the whole (journal.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.emotion.data import read_lines

# To fit on, and to evaluate on; by different writers, with summaries by a third.
DIARIES: Final = Path(__file__).with_name("diaries.jsonl")
PROBE: Final = Path(__file__).with_name("diary_probe.jsonl")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Diary:
    """An entry as a careful reader labelled it.

    `labels` holds each sentence's; `whole` the entry's one to three emotions with their share of
    it; `intensity` is in [0, 1]; `kind` is "calm", "single" or "mixed".
    """

    name: str
    sentences: list[str]
    labels: list[list[str]]
    whole: dict[str, float]
    intensity: float
    kind: str
    summary: str

    @property
    def words(self) -> list[int]:
        """Number of words of each sentence."""
        return [len(sentence.split()) for sentence in self.sentences]

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
