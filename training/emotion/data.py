"""GoEmotions as arrays, and files of training examples.

A file of training examples is JSONL with one text per line: `{"text": ..., "labels": {"joy":
0.83}, "moods": ["calm"], "context": []}`. Each of the three fields is a list of the names that
apply or an object with their probabilities; names that are not listed have probability 0. If a
field is missing, nothing is known about its outputs, and the loss ignores them. `"hidden": [[0,
4]]` lists parts of the text, in characters, that the model sees as mask tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from runners.emotion.classifier import Span
from training.arrays import Array
from training.corpora import goemotions_labels, read_goemotions

MOODS: Final = (
    "anxious", "calm", "content", "excited", "frustrated", "grateful", "happy", "hopeful",
    "overwhelmed", "proud", "sad", "tired",
)  # fmt: skip
# The emotion is another person's, a past one, or one that is wished for or imagined.
CONTEXTS: Final = ("other", "past", "wished")
# Fields of an example with names of outputs, in the order of the outputs.
_FIELDS: Final = ("labels", "moods", "context")
# Smaller probabilities are not written.
_MIN_WRITTEN_PROBABILITY: Final = 0.001


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with their labels.

    `labels` has shape (texts, label names) and dtype float32: probabilities in [0, 1], which are
    1.0 or 0.0 if people labelled the text, or NaN if nothing is known. Moods and contexts are
    columns like labels. `hidden` has for each text the parts that are replaced by mask tokens; it
    is empty if no text has any.
    """

    texts: list[str]
    labels: Array
    label_names: list[str]
    hidden: Sequence[tuple[Span, ...]] = ()

    def __len__(self) -> int:
        return len(self.texts)

    def select(self, indices: Sequence[int] | Array) -> LabelledTexts:
        """Return the texts with these indices."""
        return LabelledTexts(
            [self.texts[index] for index in indices],
            self.labels[list(indices)],
            self.label_names,
            [self.hidden[index] for index in indices] if self.hidden else (),
        )

    def column(self, name: str) -> Array:
        """Labels of this name, of shape (texts,)."""
        return self.labels[:, self.label_names.index(name)]


def output_names(label_names: Sequence[str]) -> list[str]:
    """Return the names of all outputs: labels, moods, contexts."""
    return [*label_names, *MOODS, *CONTEXTS]


def load_goemotions(data: Path, split: str) -> LabelledTexts:
    """Load a published split of GoEmotions from `data`/goemotions."""
    comments = read_goemotions(data, split)
    names = goemotions_labels(data)
    labels = np.zeros((len(comments), len(names)), dtype=np.float32)
    for row, comment in enumerate(comments):
        labels[row, [names.index(label) for label in comment.emotions]] = 1.0
    return LabelledTexts([comment.text for comment in comments], labels, names)


def read_lines(paths: Iterable[Path]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each object of JSONL files with its location, "FILE:LINE"."""
    for path in paths:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield f"{path}:{number}", json.loads(line)


def load_examples(paths: Iterable[Path], label_names: Sequence[str]) -> LabelledTexts:
    """Load files of training examples one after the other, with all of `output_names`.

    Raises `ValueError` for a name that is not an output.
    """
    names = output_names(label_names)
    members = dict(zip(_FIELDS, (tuple(label_names), MOODS, CONTEXTS), strict=True))
    texts: list[str] = []
    rows: list[Array] = []
    hidden: list[tuple[Span, ...]] = []
    for location, example in read_lines(paths):
        row = np.full(len(names), np.nan, dtype=np.float32)
        for field in members.keys() & example.keys():
            value = example[field]
            probabilities = value if isinstance(value, dict) else dict.fromkeys(value, 1.0)
            row[[names.index(name) for name in members[field]]] = 0.0
            for name, probability in probabilities.items():
                if name not in members[field]:
                    raise ValueError(f"{location}: {name!r} is not one of the {field}.")
                row[names.index(name)] = probability
        texts.append(example["text"])
        rows.append(row)
        hidden.append(tuple((start, end) for start, end in example.get("hidden", ())))
    return LabelledTexts(texts, np.stack(rows), names, hidden if any(hidden) else ())


def write_examples(examples: LabelledTexts, path: Path) -> None:
    """Write a file of training examples; the file exists only if it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = [
        _FIELDS[1] if name in MOODS else _FIELDS[2] if name in CONTEXTS else _FIELDS[0]
        for name in examples.label_names
    ]
    scratch = path.with_suffix(".part")
    hidden = examples.hidden or [()] * len(examples.texts)
    with scratch.open("w", encoding="utf-8") as file:
        for text, row, spans in zip(examples.texts, examples.labels, hidden, strict=True):
            example: dict[str, Any] = {"text": text}
            if spans:
                example["hidden"] = spans
            for field, name, value in zip(fields, examples.label_names, row, strict=True):
                if not np.isnan(value):
                    group = example.setdefault(field, {})
                    if value >= _MIN_WRITTEN_PROBABILITY:
                        group[name] = round(float(value), 3)
            file.write(json.dumps(example, ensure_ascii=False) + "\n")
    scratch.replace(path)
    print(f"{len(examples)} examples written to {path}")
