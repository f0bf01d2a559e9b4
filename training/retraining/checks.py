"""Check labelled texts before training: duplicates, leakage into evaluations, balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from samo.insight.entry import split_text
from training.arrays import Array
from training.retraining.errors import RetrainingRefused
from training.retraining.labelled_file import LabelledFile
from training.retraining.near_duplicates import TextIndex

# An output is trained if so many new texts have it, and so many do not.
MIN_POSITIVES: Final = 10
# Origins that a message names.
_NAMED: Final = 5


@dataclass(frozen=True)
class CheckedTexts:
    """Labelled texts that can be trained on.

    Attributes:
        texts: without duplicates, leaks and texts of several passages.
        names: of the columns of `texts.labels`.
        trained: indices of the columns that have enough texts with and without them.
        left_out: numbers of texts that were left out, by reason.

    """

    texts: LabelledFile
    names: tuple[str, ...]
    trained: Array
    left_out: Mapping[str, int] = field(default_factory=dict)

    def print_report(self) -> None:
        """Print how many texts there are, what was left out, and the balance of the labels."""
        console = Console(stderr=True)
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.left_out.items())
        console.print(f"{len(self.texts)} labelled texts; left out: {reasons or 'none'}")
        table = Table("label or mood", "judged", "applies", "share", "trained", box=None)
        for column, name in enumerate(self.names):
            values = self.texts.labels[:, column]
            judged = int((~np.isnan(values)).sum())
            if judged:
                applies = int(np.nansum(values))
                trained = "yes" if column in self.trained else "no: too few texts"
                table.add_row(name, str(judged), str(applies), f"{applies / judged:.1%}", trained)
        console.print(table)


def check(
    file: LabelledFile,
    names: Sequence[str],
    evaluation: Mapping[str, Sequence[str]],
    *,
    drop_leaks: bool = False,
    min_texts: int,
) -> CheckedTexts:
    """Leave out what cannot be trained on.

    Args:
        file: the texts.
        names: of its columns.
        evaluation: the texts of each evaluation, by its name.
        drop_leaks: leave out texts of the evaluations, instead of refusing them.
        min_texts: the smallest number of texts.

    Raises:
        RetrainingRefused: A text is in an evaluation, too few are left, or their labels do not
            differ.
    """
    left_out: Counter[str] = Counter()
    kept = _single_passages(file, left_out)
    kept = _without_leaks(file, kept, evaluation, left_out, drop_leaks=drop_leaks)
    kept = _without_duplicates(file, kept, left_out)
    texts = file.select(kept)
    if len(texts) < min_texts:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise RetrainingRefused(
            "too_few_texts",
            f"{len(texts)} texts are left of {len(file)}, at least {min_texts} are needed"
            + (f"; left out: {reasons}." if reasons else "."),
        )
    return CheckedTexts(texts, tuple(names), _trained_outputs(texts, names), dict(left_out))


def _single_passages(file: LabelledFile, left_out: Counter[str]) -> list[int]:
    """The labels of a longer text do not say to which of its sentences they belong."""
    kept = [row for row, text in enumerate(file.texts) if len(split_text(text).sentences) == 1]
    _count(left_out, "of several passages", len(file) - len(kept))
    return kept


def _without_leaks(
    file: LabelledFile,
    rows: Sequence[int],
    evaluation: Mapping[str, Sequence[str]],
    left_out: Counter[str],
    *,
    drop_leaks: bool,
) -> list[int]:
    indices = {name: TextIndex(texts) for name, texts in evaluation.items()}
    leaks = {
        row: name
        for row in rows
        for name, index in indices.items()
        if index.find(file.texts[row]) is not None
    }
    if leaks and not drop_leaks:
        shown = ", ".join(f"{file.origins[row]} ({name})" for row, name in list(leaks.items())[:5])
        more = f" and {len(leaks) - _NAMED} more" if len(leaks) > _NAMED else ""
        raise RetrainingRefused(
            "leak",
            f"These texts are the same, or nearly the same, as texts of an evaluation: {shown}"
            f"{more}. Remove them, or leave them out with --drop-leaks.",
        )
    _count(left_out, "of an evaluation", len(leaks))
    return [row for row in rows if row not in leaks]


def _without_duplicates(
    file: LabelledFile, rows: Sequence[int], left_out: Counter[str]
) -> list[int]:
    """The last of several nearly equal texts, whose labels are the latest; none if they differ.

    The same text with other labels says that people disagree, or that somebody was wrong.
    """
    index = TextIndex()
    groups: list[list[int]] = []
    for row in rows:
        found = index.find(file.texts[row])
        if found is None:
            index.add(file.texts[row])
            groups.append([row])
        else:
            groups[found].append(row)
    kept, contradictions = [], 0
    for group in groups:
        first, *others = (file.labels[row] for row in group)
        if all(np.array_equal(first, other, equal_nan=True) for other in others):
            kept.append(group[-1])
        else:
            contradictions += len(group)
    _count(left_out, "with contradicting labels", contradictions)
    _count(left_out, "duplicates", len(rows) - len(kept) - contradictions)
    return kept


def _trained_outputs(texts: LabelledFile, names: Sequence[str]) -> Array:
    labels = texts.labels
    applies = np.nansum(labels, axis=0)
    judged = (~np.isnan(labels)).sum(axis=0)
    trained = np.flatnonzero((applies >= MIN_POSITIVES) & (judged - applies >= MIN_POSITIVES))
    if trained.size:
        return trained
    always = [names[int(i)] for i in np.flatnonzero((judged > 0) & (applies == judged))]
    if always:
        raise RetrainingRefused(
            "one_class", f"Every text has {', '.join(always)}: there is nothing to tell apart."
        )
    raise RetrainingRefused(
        "too_few_texts", f"No label has {MIN_POSITIVES} texts that it applies to."
    )


def _count(left_out: Counter[str], reason: str, number: int) -> None:
    if number:
        left_out[reason] += number


def summary(checked: CheckedTexts) -> dict[str, Any]:
    """The numbers of the report."""
    return {
        "texts": len(checked.texts),
        "left_out": dict(checked.left_out),
        "trained": [checked.names[column] for column in checked.trained],
    }
