"""How an entry of a few sentences is best read: as a whole, by its sentences, or both.

    python -m training.emotion.evaluate_entries --dataset PATH [--split dev]

Entries are made of two or three comments, short enough to be classified as a whole; their true
labels are the feelings of any comment, or neutral where none has one. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from runners.emotion import EmotionClassifier
from samo.emotions import NEUTRAL
from samo.reading import MAX_WHOLE_CHARACTERS
from training.emotion.data import SPLITS, LabelledTexts, load_goemotions
from training.emotion.figures import decide, f1
from training.emotion.inference import classify
from training.evaluation.stored import stored_folder

Array = npt.NDArray[Any]
COMMENTS_AN_ENTRY: Final = (2, 3)


def make_entries(comments: LabelledTexts, number: int, seed: int = 0) -> list[list[int]]:
    """Rows of `comments` that make up each entry."""
    rng = np.random.default_rng(seed)
    entries: list[list[int]] = []
    while len(entries) < number:
        rows = rng.choice(len(comments), size=rng.choice(COMMENTS_AN_ENTRY), replace=False)
        if sum(len(comments.texts[row]) + 1 for row in rows) <= MAX_WHOLE_CHARACTERS:
            entries.append([int(row) for row in rows])
    return entries


def readings(classifier: EmotionClassifier, sentences: list[list[str]]) -> dict[str, Array]:
    """Probabilities of shape (entries, labels + moods) by the way of reading."""
    scale = classifier.scale
    wholes = [" ".join(entry) for entry in sentences]
    rows = iter(classify(classifier, [text for entry in sentences for text in entry]))
    of_sentences = [[next(rows).astype(np.float32) for _ in entry] for entry in sentences]
    whole = classify(classifier, wholes).astype(np.float32)
    lengths = [[len(text) for text in entry] for entry in sentences]
    return {
        "whole": whole,
        "sentences": np.stack(
            [scale.aggregate(own, of) for own, of in zip(of_sentences, lengths, strict=True)]
        ),
        "both": np.stack(
            [
                scale.aggregate([*own, as_whole], [*of, len(text)])
                for own, of, as_whole, text in zip(
                    of_sentences, lengths, whole, wholes, strict=True
                )
            ]
        ),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.evaluate_entries",
        description="Compare ways to read a short entry. The last line is JSON.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder of GoEmotions' TSV")
    parser.add_argument("--split", default="dev", choices=SPLITS)
    parser.add_argument("--entries", type=int, default=500)
    parser.add_argument("--model", type=Path, help="exported folder; default: the model store's")
    arguments = parser.parse_args()
    comments = load_goemotions(arguments.dataset, arguments.split)
    classifier = EmotionClassifier.load(arguments.model or stored_folder("samo-emotion"), threads=2)
    entries = make_entries(comments, arguments.entries)
    truth = np.stack([comments.labels[rows].max(axis=0) for rows in entries]) > 0
    neutral = comments.label_names.index(NEUTRAL)
    truth[:, neutral] = ~np.delete(truth, neutral, axis=1).any(axis=1)
    table = Table("reading", "micro-F1", "macro-F1", title=f"{len(entries)} entries")
    figures: dict[str, dict[str, float]] = {}
    made = readings(classifier, [[comments.texts[row] for row in rows] for rows in entries])
    for name, probabilities in made.items():
        decided = decide(classifier.scale, probabilities)[:, : truth.shape[1]]
        figures[name] = {a: round(f1(truth, decided, a), 4) for a in ("micro", "macro")}
        table.add_row(name, *(f"{value:.3f}" for value in figures[name].values()))
    Console().print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
