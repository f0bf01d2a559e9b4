"""GoEmotions' published split (Demszky et al., 2020), read from its own TSV files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with their labels.

    `labels` has shape (texts, label names), float32, 1.0 where a rater's label was kept.
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
