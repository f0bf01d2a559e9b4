"""Contrast sets: pairs of first-person texts that differ in whether the writer feels it now.

The files named `contrast_lessons` are for training, `contrast_probe.jsonl` is for evaluation; they
have different writers (journal.md). A line is a training example
(`training.emotion.data`) with additional fields: the `kind` and number of the `pair`, the `side`
("felt" or "changed"), and `excluded`, the labels that would be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.emotion.data import read_lines

TRAINING_SET: Final = Path(__file__).with_name("contrast_lessons.jsonl")
MORE_TRAINING_SET: Final = Path(__file__).with_name("contrast_lessons_more.jsonl")
THIRD_TRAINING_SET: Final = Path(__file__).with_name("contrast_lessons_third.jsonl")
FOURTH_TRAINING_SET: Final = Path(__file__).with_name("contrast_lessons_fourth.jsonl")
FIFTH_TRAINING_SET: Final = Path(__file__).with_name("contrast_lessons_fifth.jsonl")
PROBE: Final = Path(__file__).with_name("contrast_probe.jsonl")


@dataclass(frozen=True, slots=True)
class Contrast:
    """One text of a contrast set.

    Any of `labels` is correct as the first label of a prediction; each of `excluded` is wrong.
    `second_reader` has the labels of a reader who saw only the texts; it is empty in the training
    sets. The kind "state" has no pairs, only the side "felt": states such as jealousy or numbness.
    `context` says whose emotion the text mentions and when it is felt
    (`training.emotion.data.CONTEXTS`).
    """

    text: str
    kind: str
    side: str
    labels: frozenset[str]
    excluded: frozenset[str]
    context: frozenset[str]
    second_reader: frozenset[str] = frozenset()

    def is_correct(self, predicted: Sequence[str]) -> bool:
        """Whether the first of the predicted labels is correct and none of them is wrong."""
        return predicted[0] in self.labels and self.excluded.isdisjoint(predicted)

    def is_accepted(self, predicted: Sequence[str]) -> bool:
        """As `is_correct`, or the first label is one of the second reader's."""
        is_wrong = not self.excluded.isdisjoint(predicted)
        return not is_wrong and predicted[0] in self.labels | self.second_reader


def load_contrasts(path: Path) -> list[Contrast]:
    """Load a contrast set."""
    return [
        Contrast(
            text=line["text"],
            kind=line["kind"],
            side=line["side"],
            labels=frozenset(line["labels"]),
            excluded=frozenset(line["excluded"]),
            context=frozenset(line["context"]),
            second_reader=frozenset(line.get("second_reader", ())),
        )
        for _, line in read_lines([path])
    ]
