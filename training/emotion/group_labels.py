"""Training examples from corpora that were labelled with other emotions than GoEmotions'.

    python -m training.emotion.group_labels --data ../shared/data --teachers RUN/adapter ... \
        --output soft-groups.jsonl

Teachers trained on GoEmotions classify each text. The labels of the corpus then shift the teachers'
log-odds: if the raters assigned joy, all labels of Ekman's group joy rise by `LABELLED_LOG_ODDS`
and neutral falls by as much; if they did not, these labels fall by `NOT_LABELLED_LOG_ODDS`. Which
of the group's labels apply is left to the teachers. The shifts are small because the raters saw a
context that the single sentences lack ("Colorado, middle of nowhere." is labelled fear).
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from runners.emotion.prediction import NEUTRAL
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser
from training.emotion.augment import fill_placeholders
from training.emotion.calibrate import logit, sigmoid
from training.emotion.data import LabelledTexts, load_goemotions, output_names, write_examples
from training.emotion.distill import Ensemble
from training.emotion.group_corpora import (
    GroupLabelledTexts,
    load_brighter,
    load_edos,
    load_xed,
)
from training.hardware import DEVICE_HELP, DEVICES

# How much a rater's label shifts the teacher's log-odds.
LABELLED_LOG_ODDS: Final = 1.5
NOT_LABELLED_LOG_ODDS: Final = 0.5


def to_examples(corpus: GroupLabelledTexts, logits: Array, labels: list[str]) -> LabelledTexts:
    """Shift a teacher's `logits`, of shape (texts, labels), by the raters' groups.

    A label that belongs to several groups rises if one of them was assigned.
    """
    is_assigned = np.zeros(logits.shape, dtype=bool)
    is_assignable = np.zeros(len(labels), dtype=bool)
    for column, group in enumerate(corpus.groups):
        members = np.asarray([label in corpus.members[group] for label in labels])
        is_assigned[:, members] |= corpus.present[:, column, None]
        is_assignable |= members
    shift = np.where(is_assigned, LABELLED_LOG_ODDS, -NOT_LABELLED_LOG_ODDS) * is_assignable
    neutral = labels.index(NEUTRAL)
    is_emotional = corpus.present.any(axis=1) & ~is_assigned[:, neutral]
    shift[is_emotional, neutral] = -LABELLED_LOG_ODDS
    return LabelledTexts(corpus.texts, sigmoid(logits + shift).astype(np.float32), labels)


def load_corpora(
    data: Path, xed_lines: int, edos_lines: int | None, seed: int
) -> list[GroupLabelledTexts]:
    """Load the training parts of BRIGHTER and XED, and EDOS, with names for placeholders."""
    rng = random.Random(seed)  # noqa: S311 - reproducible on purpose
    xed = _sample(load_xed(data, "train"), xed_lines, rng)
    edos = load_edos(data)
    if edos_lines is not None:
        edos = _sample(edos, edos_lines, rng)
    corpora = (load_brighter(data, "train"), xed, edos)
    return [
        dataclasses.replace(corpus, texts=[fill_placeholders(text, rng) for text in corpus.texts])
        for corpus in corpora
    ]


def _sample(corpus: GroupLabelledTexts, number: int, rng: random.Random) -> GroupLabelledTexts:
    rows = range(len(corpus.texts))
    return corpus.select(sorted(rng.sample(rows, min(number, len(rows)))))


def label_corpora(
    corpora: Sequence[GroupLabelledTexts], teachers: Ensemble, label_names: list[str]
) -> LabelledTexts:
    """Label the texts of all corpora by the teachers and the raters."""
    texts = [text for corpus in corpora for text in corpus.texts]
    logits = logit(np.clip(teachers.probabilities(texts), 1e-6, 1.0 - 1e-6))
    names = output_names(label_names)[: logits.shape[1]]
    parts = np.split(logits, np.cumsum([len(corpus.texts) for corpus in corpora])[:-1])
    examples = [
        to_examples(corpus, part, names) for corpus, part in zip(corpora, parts, strict=True)
    ]
    return LabelledTexts(texts, np.concatenate([part.labels for part in examples]), names)


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.group_labels",
        "Write BRIGHTER, XED and EDOS as training examples: the labels of teachers, shifted by "
        "those of the raters.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument(
        "--teachers",
        type=Path,
        nargs="+",
        required=True,
        help="adapter/ folders of runs, or exported models",
    )
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    parser.add_argument("--xed", type=int, default=3000, help="number of XED's lines")
    parser.add_argument("--edos", type=int, help="number of EDOS' lines; default: all")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random choices")
    parser.add_argument("--device", default="auto", choices=DEVICES, help=DEVICE_HELP)
    args = parser.parse_args()
    dev = load_goemotions(args.data, "dev")
    teachers = Ensemble(args.teachers, dev, args.device)
    corpora = load_corpora(args.data, args.xed, args.edos, args.seed)
    write_examples(label_corpora(corpora, teachers, dev.label_names), args.output)


if __name__ == "__main__":
    main()
