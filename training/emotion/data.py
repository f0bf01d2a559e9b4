"""GoEmotions' published split (Demszky et al., 2020), and lessons that were made of it.

A lesson file is JSONL, `{"text": …, "labels": {"joy": 0.83}}` a line: what the steps that
augment, distill and train hand on to each other. Labels may be soft; those left out are 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with their labels.

    `labels` has shape (texts, label names), float32 in [0, 1]: 1.0 where a rater's label was
    kept, or a teacher's probability.
    """

    texts: list[str]
    labels: npt.NDArray[np.float32]
    label_names: list[str]

    def __len__(self) -> int:
        return len(self.texts)


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


def read_lessons(paths: Iterable[Path], label_names: list[str]) -> LabelledTexts:
    """Read lesson files, one after the other. Raises `ValueError` for an unknown label."""
    texts: list[str] = []
    rows: list[npt.NDArray[np.float32]] = []
    column = {name: index for index, name in enumerate(label_names)}
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                lesson = json.loads(line)
                row = np.zeros(len(label_names), dtype=np.float32)
                for name, value in lesson["labels"].items():
                    if name not in column:
                        raise ValueError(f"{path}:{number}: {name!r} is no label")
                    row[column[name]] = value
                texts.append(lesson["text"])
                rows.append(row)
    return LabelledTexts(texts, np.stack(rows), label_names)


def write_lessons(lessons: LabelledTexts, path: Path) -> None:
    """Write a lesson file; probabilities below 0.001 are left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for text, row in zip(lessons.texts, lessons.labels, strict=True):
            labels = {
                name: round(float(value), 3)
                for name, value in zip(lessons.label_names, row, strict=True)
                if value >= 0.001
            }
            file.write(json.dumps({"text": text, "labels": labels}, ensure_ascii=False) + "\n")
