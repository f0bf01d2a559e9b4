"""Training examples from corpora that were labelled with other emotions than GoEmotions'.

    python -m training.emotion.group_labels --data ../shared/data --teachers RUN/adapter ... \
        --output soft-groups.jsonl

Teachers trained on GoEmotions classify each text. The labels of the corpus then shift the teachers'
log-odds: if the raters assigned joy, all labels of Ekman's group joy rise by `LABELLED_LOG_ODDS`
and neutral falls by as much; if they did not, these labels fall by `NOT_LABELLED_LOG_ODDS`. Which
of the group's labels apply is left to the teachers. The shifts are small because the raters saw a
context that the single sentences lack ("Colorado, middle of nowhere." is labelled fear).

BRIGHTER and XED are divided by hash into a part for training, one for calibration and one that is
held out for evaluation.
"""

from __future__ import annotations

import dataclasses
import hashlib
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np

from runners.emotion.prediction import NEUTRAL
from samo.insight.groupings import EKMAN
from training.arrays import Array
from training.command_line import DATA_HELP, command_parser
from training.corpora import BRIGHTER_EMOTIONS, read_brighter, read_edos, read_xed
from training.emotion.augment import fill_placeholders
from training.emotion.calibrate import logit, sigmoid
from training.emotion.data import LabelledTexts, load_goemotions, output_names, write_examples
from training.emotion.distill import Ensemble
from training.hardware import DEVICE_HELP, DEVICES

Part = Literal["train", "calibration", "held"]

# Percentage of the texts that are held out for evaluation, and that are kept for calibration.
HELD_PERCENT: Final = 25
CALIBRATION_PERCENT: Final = 20
# How much a rater's label shifts the teacher's log-odds.
LABELLED_LOG_ODDS: Final = 1.5
NOT_LABELLED_LOG_ODDS: Final = 0.5

# XED's emotions that are also Ekman's.
XED_GROUPS: Final = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
# GoEmotions labels of EDOS' emotions, which are those of EmpatheticDialogues. Its eight intents of
# a reply, such as "questioning", are not emotions and are skipped.
EDOS_LABELS: Final[dict[str, tuple[str, ...]]] = {
    "afraid": ("fear",), "angry": ("anger",), "annoyed": ("annoyance",),
    "anticipating": ("excitement", "optimism", "curiosity"), "anxious": ("nervousness",),
    "apprehensive": ("nervousness", "fear"), "ashamed": ("embarrassment", "remorse"),
    "caring": ("caring", "love"), "confident": ("optimism", "pride", "approval"),
    "content": ("joy", "relief", "approval"), "devastated": ("sadness", "grief"),
    "disappointed": ("disappointment",), "disgusted": ("disgust",),
    "embarrassed": ("embarrassment",), "excited": ("excitement",), "faithful": ("love", "caring"),
    "furious": ("anger",), "grateful": ("gratitude",), "guilty": ("remorse",),
    "hopeful": ("optimism",), "impressed": ("admiration",), "jealous": ("annoyance", "desire"),
    "joyful": ("joy",), "lonely": ("sadness",), "nostalgic": ("sadness", "love"),
    "prepared": ("approval", "optimism"), "proud": ("pride", "admiration"), "sad": ("sadness",),
    "sentimental": ("sadness", "love"), "surprised": ("surprise",), "terrified": ("fear",),
    "trusting": ("approval", "love"), "neutral": (NEUTRAL,),
}  # fmt: skip


@dataclass(frozen=True)
class GroupLabelledTexts:
    """Texts with the groups that raters assigned.

    `present` has shape (texts, groups) and dtype bool. Raters could assign only `groups`; `members`
    are the labels of each group.
    """

    texts: list[str]
    present: Array
    groups: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: EKMAN)

    def select(self, indices: Sequence[int]) -> GroupLabelledTexts:
        """Return the texts with these indices."""
        return GroupLabelledTexts(
            [self.texts[index] for index in indices],
            self.present[indices],
            self.groups,
            self.members,
        )


def load_brighter(data: Path, part: Part) -> GroupLabelledTexts:
    """Load a part of BRIGHTER with its five emotions."""
    rows = [row for row in read_brighter(data) if _part(row.text) == part]
    present = [[group in row.emotions for group in BRIGHTER_EMOTIONS] for row in rows]
    return GroupLabelledTexts([row.text for row in rows], np.asarray(present), BRIGHTER_EMOTIONS)


def load_xed(data: Path, part: Part) -> GroupLabelledTexts:
    """Load a part of XED with Ekman's six emotions."""
    rows = [row for row in read_xed(data) if _part(row.text) == part]
    present = [[group in row.emotions for group in XED_GROUPS] for row in rows]
    texts = [_join_punctuation(row.text) for row in rows]
    return GroupLabelledTexts(texts, np.asarray(present), XED_GROUPS)


def load_edos(data: Path) -> GroupLabelledTexts:
    """Load EDOS' lines with an emotion of `EDOS_LABELS`."""
    rows = [row for row in read_edos(data) if row.emotions[0] in EDOS_LABELS]
    present = [[name in row.emotions for name in EDOS_LABELS] for row in rows]
    return GroupLabelledTexts(
        [row.text for row in rows], np.asarray(present), tuple(EDOS_LABELS), EDOS_LABELS
    )


def _part(text: str) -> Part:
    percent = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 100
    if percent < HELD_PERCENT:
        return "held"
    return "calibration" if percent < HELD_PERCENT + CALIBRATION_PERCENT else "train"


def _join_punctuation(text: str) -> str:
    """Remove spaces before punctuation and in contractions, and the dash of a new speaker."""
    text = re.sub(r"^[-*\s]+", "", text)
    text = re.sub(r"\s+([.,!?;:]|n't\b|'\w)", r"\1", text)
    return re.sub(r"\[PERSON\]", "[NAME]", text)


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
