"""GoEmotions' published split (Demszky et al., 2020), and lesson files of any origin.

A lesson file is JSONL with a text a line: `{"text": …, "labels": {"joy": 0.83}, "moods": ["calm"],
"context": []}`. Each of the three is a list of the names that hold, or an object with their
probabilities, and names that are left out have probability 0. Where one of the three is missing,
nothing is known about it, and training passes over these outputs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

SPLITS = ("train", "dev", "test")
MOODS: Final = (
    "anxious", "calm", "content", "excited", "frustrated", "grateful", "happy", "hopeful",
    "overwhelmed", "proud", "sad", "tired",
)  # fmt: skip
# Whose and when: somebody else's feeling, one of the past, one that is wished for or imagined.
CONTEXTS: Final = ("other", "past", "wished")
# Fields of a lesson that hold names of outputs, in the order of the outputs.
_FIELDS: Final = ("labels", "moods", "context")


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with their labels.

    `labels` has shape (texts, label names), float32: a probability in [0, 1], which is 1.0 or 0.0
    where people said so, or NaN where nothing is known. Moods and contexts are columns like labels.
    """

    texts: list[str]
    labels: npt.NDArray[np.float32]
    label_names: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    def rows(self, chosen: Sequence[int] | npt.NDArray[np.int64]) -> LabelledTexts:
        """Return the texts of these indices."""
        return LabelledTexts(
            [self.texts[row] for row in chosen], self.labels[list(chosen)], self.label_names
        )


def output_names(label_names: Sequence[str]) -> list[str]:
    """Return the names of all outputs: the labels, the moods, the contexts."""
    return [*label_names, *MOODS, *CONTEXTS]


def load_goemotions(folder: Path | str, split: str) -> LabelledTexts:
    """Read `{folder}/{split}.tsv`: text, comma-joined label ids, comment id.

    `labels.txt` beside it names the labels in id order. Raises `FileNotFoundError` where the
    folder is not there and `ValueError` for a split that was not published.
    """
    if split not in SPLITS:
        raise ValueError(f"split {split!r} is none of {', '.join(SPLITS)}")
    folder = Path(folder)
    label_names = (folder / "labels.txt").read_text(encoding="utf-8").split()
    texts: list[str] = []
    ids: list[list[int]] = []
    with (folder / f"{split}.tsv").open(encoding="utf-8") as lines:
        for line in lines:
            text, label_ids, _comment = line.rstrip("\n").split("\t")
            texts.append(text)
            ids.append([int(label_id) for label_id in label_ids.split(",")])
    labels = np.zeros((len(texts), len(label_names)), dtype=np.float32)
    for row, row_ids in enumerate(ids):
        labels[row, row_ids] = 1.0
    return LabelledTexts(texts, labels, label_names)


def read_lines(paths: Iterable[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each lesson of the files with its place, "FILE:LINE"."""
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield f"{path}:{number}", json.loads(line)


def read_lessons(paths: Iterable[Path], label_names: Sequence[str]) -> LabelledTexts:
    """Read lesson files one after the other, with all of `output_names`.

    Raises `ValueError` for a name that is no output.
    """
    names = output_names(label_names)
    groups = dict(zip(_FIELDS, (tuple(label_names), MOODS, CONTEXTS), strict=True))
    column = {name: index for index, name in enumerate(names)}
    texts: list[str] = []
    rows: list[npt.NDArray[np.float32]] = []
    for place, lesson in read_lines(paths):
        row = np.full(len(names), np.nan, dtype=np.float32)
        for field, members in groups.items():
            if field not in lesson:
                continue
            given = lesson[field]
            values = given if isinstance(given, dict) else dict.fromkeys(given, 1.0)
            row[[column[name] for name in members]] = 0.0
            for name, value in values.items():
                if name not in members:
                    raise ValueError(f"{place}: {name!r} is none of the {field}")
                row[column[name]] = value
        texts.append(lesson["text"])
        rows.append(row)
    return LabelledTexts(texts, np.stack(rows), names)


def write_lessons(lessons: LabelledTexts, path: Path) -> None:
    """Write a lesson file; probabilities below 0.001 are left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = [
        _FIELDS[1] if name in MOODS else _FIELDS[2] if name in CONTEXTS else _FIELDS[0]
        for name in lessons.label_names
    ]
    with path.open("w", encoding="utf-8") as file:
        for text, row in zip(lessons.texts, lessons.labels, strict=True):
            lesson: dict[str, Any] = {"text": text}
            for field, name, value in zip(fields, lessons.label_names, row, strict=True):
                if not np.isnan(value):
                    group = lesson.setdefault(field, {})
                    if value >= 0.001:
                        group[name] = round(float(value), 3)
            file.write(json.dumps(lesson, ensure_ascii=False) + "\n")
