"""Contrast sets: pairs of first-person texts that differ in whether the writer feels it now.

`contrast_lessons.jsonl` and `contrast_lessons_more.jsonl` are for training, `contrast_probe.jsonl`
for evaluation; they are by different writers (journal.md). A line is a lesson
(`training.emotion.data`) with more fields: the `kind` of the pair, its number, the `side` ("felt"
or "changed"), and `excluded`, the labels that would be wrong to answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from training.emotion.data import read_lines

LESSONS: Final = Path(__file__).with_name("contrast_lessons.jsonl")
MORE_LESSONS: Final = Path(__file__).with_name("contrast_lessons_more.jsonl")
PROBE: Final = Path(__file__).with_name("contrast_probe.jsonl")
# Texts of one side only: a state that classifiers miss, such as jealousy or numbness.
STATE: Final = "state"


@dataclass(frozen=True, slots=True)
class Contrast:
    """One text of a contrast set.

    `labels` are right as an answer, each of them as the first one; `excluded` are wrong ones.
    `context` holds what is true of the feeling that is spoken of: "other", "past", "wished".
    """

    text: str
    kind: str
    side: str
    labels: frozenset[str]
    excluded: frozenset[str]
    context: frozenset[str]

    def right(self, decided: Sequence[str]) -> bool:
        """Whether an answer, most confident label first, begins right and says nothing wrong."""
        return decided[0] in self.labels and self.excluded.isdisjoint(decided)


def load_contrasts(path: Path) -> list[Contrast]:
    """Read a contrast set."""
    return [_contrast(line) for _, line in read_lines([path])]


def _contrast(line: dict[str, Any]) -> Contrast:
    return Contrast(
        text=line["text"],
        kind=line["kind"],
        side=line["side"],
        labels=frozenset(line["labels"]),
        excluded=frozenset(line["excluded"]),
        context=frozenset(line["context"]),
    )
