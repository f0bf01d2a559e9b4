"""The first-person texts of this folder, divided for training and for choosing thresholds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from training.emotion.contrast import (
    FIFTH_TRAINING_SET,
    FOURTH_TRAINING_SET,
    MORE_TRAINING_SET,
    THIRD_TRAINING_SET,
    TRAINING_SET,
)
from training.emotion.data import read_lines

HERE: Final = Path(__file__).parent
JOURNAL: Final = (HERE / "journal.jsonl", HERE / "first_person.jsonl")
EMOJI_TRAIN: Final = "emoji-train.jsonl"
# Sources of each file with a training part.
FIRST_PERSON: Final[Mapping[str, Sequence[Path]]] = {
    "journal-train.jsonl": JOURNAL,
    "contrast-train.jsonl": (TRAINING_SET, MORE_TRAINING_SET),
    "contrast-third-train.jsonl": (THIRD_TRAINING_SET,),
    "contrast-fourth-train.jsonl": (FOURTH_TRAINING_SET,),
    "contrast-fifth-train.jsonl": (FIFTH_TRAINING_SET,),
    EMOJI_TRAIN: (HERE / "emoji_lessons.jsonl",),
}
# The other part, on which thresholds are chosen.
FIRST_PERSON_DEV: Final = "first-person-dev.jsonl"
DEV_PERCENT: Final = 10


def split_first_person(folder: Path, sources: Mapping[str, Sequence[Path]] = FIRST_PERSON) -> None:
    """Divide the first-person texts by hash and write the files into `folder`, if they are missing.

    The two texts of a contrast pair go into the same part.
    """
    if (folder / FIRST_PERSON_DEV).is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    dev: list[str] = []
    for target, paths in sources.items():
        train: list[str] = []
        for location, example in read_lines(paths):
            key = example["text"]
            if example.get("pair") is not None:
                file = Path(location.rpartition(":")[0]).stem
                key = f"{file}, pair {example['pair']}"
            percent = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % 100
            line = json.dumps(example, ensure_ascii=False) + "\n"
            (dev if percent < DEV_PERCENT else train).append(line)
        (folder / target).write_text("".join(train), encoding="utf-8")
    (folder / FIRST_PERSON_DEV).write_text("".join(dev), encoding="utf-8")
