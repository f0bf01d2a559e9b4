"""Read the public corpora from their published files: one function per corpus.

Each takes the folder `data`, which has a folder per source (`goemotions/`, `text/`, ...), and
returns the texts as published. What a model learns from them is decided in `training.emotion` and
`training.summarizer`. A missing file raises `FileNotFoundError`.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SPLITS: Final = ("train", "dev", "test")
BRIGHTER_EMOTIONS: Final = ("anger", "fear", "joy", "sadness", "surprise")
# Plutchik's emotions in the order of XED's numbers, which start at 1.
XED_EMOTIONS: Final = (
    "anger", "anticipation", "disgust", "fear", "joy", "sadness", "surprise", "trust",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RatedText:
    """A text and the emotions that its raters assigned, in the corpus's own names."""

    text: str
    emotions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A dialogue with one turn per line, and its summary by a person."""

    text: str
    summary: str


def goemotions_labels(data: Path) -> list[str]:
    """Names of GoEmotions' 28 labels in the order of their ids."""
    return (data / "goemotions" / "labels.txt").read_text(encoding="utf-8").split()


def read_goemotions(data: Path, split: str) -> list[RatedText]:
    """Read a published split of GoEmotions (Demszky et al., 2020): Reddit comments.

    Raises `ValueError` for an unknown split.
    """
    if split not in SPLITS:
        raise ValueError(f"Unknown split {split!r}: use one of {', '.join(SPLITS)}.")
    labels = goemotions_labels(data)
    comments = []
    with (data / "goemotions" / f"{split}.tsv").open(encoding="utf-8") as lines:
        for line in lines:
            text, label_ids, _comment_id = line.rstrip("\n").split("\t")
            ids = map(int, label_ids.split(","))
            comments.append(RatedText(text, tuple(labels[label_id] for label_id in ids)))
    return comments


def read_brighter(data: Path) -> list[RatedText]:
    """Read BRIGHTER's English training sentences (Muhammad et al., 2025)."""
    with (data / "text" / "brighter_eng_train.csv").open(encoding="utf-8", newline="") as file:
        return [
            RatedText(row["text"], tuple(name for name in BRIGHTER_EMOTIONS if row[name] == "1"))
            for row in csv.DictReader(file)
        ]


def read_xed(data: Path) -> list[RatedText]:
    """Read XED's English subtitle lines (Öhman et al., 2020)."""
    lines = []
    for line in (data / "text" / "xed_en.tsv").read_text(encoding="utf-8").splitlines():
        text, _, numbers = line.rpartition("\t")
        emotions = tuple(XED_EMOTIONS[int(number) - 1] for number in numbers.split(","))
        lines.append(RatedText(text, emotions))
    return lines


def read_edos(data: Path) -> Iterator[RatedText]:
    """Read EDOS' labelled lines of film dialogue (Welivita et al., 2021); one label per line."""
    path = data / "fine_grained" / "edos_train.tsv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield RatedText(row["text"], (row["label"],))


def read_tatoeba(data: Path) -> set[str]:
    """Read the English sides of Tatoeba's sentence pairs (tatoeba.org, manythings.org/anki)."""
    sentences: set[str] = set()
    for path in sorted((data / "multilingual" / "parallel").glob("tatoeba.en-*.tsv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            sentences |= {line.split("\t", 1)[0] for line in lines}
    return sentences


def read_pepys(data: Path) -> list[str]:
    """Read the lines of Pepys' diary."""
    compressed = (data / "text" / "pepys_diary.txt.gz").read_bytes()
    return gzip.decompress(compressed).decode("utf-8").splitlines()


def read_dialogsum(data: Path) -> list[Dialogue]:
    """Read DialogSum's dev split (Chen et al., 2021)."""
    path = data / "summaries" / "dialogsum" / "dialogsum.dev.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Dialogue(row["dialogue"], row["summary"]) for row in rows]
