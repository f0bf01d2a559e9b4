"""Lessons from corpora that were labelled with other emotions than GoEmotions'.

    python -m training.emotion.group_labels --data PATH --teachers RUN … --output lessons.jsonl

Teachers, trained on GoEmotions, give each text its probabilities; what the raters of the other
corpus said is evidence that shifts their log-odds. Where they said joy, all emotions of Ekman's joy
rise by `SAID` and neutral falls by it; where they did not, these emotions fall by `NOT_SAID`. Which
joy it is stays the teachers' judgement. The evidence is weak on purpose: the corpora were rated in
a context that their single sentences have lost ("Colorado, middle of nowhere." is fear there).

BRIGHTER and XED are divided by hash: the lessons are made of the training part, the held part is
for evaluation. A part of BRIGHTER's training part is kept for calibration.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import gzip
import hashlib
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from runners.emotion.calibration import NEUTRAL
from samo.insight.groupings import EKMAN
from training.emotion.augment import name_people
from training.emotion.calibrate import sigmoid
from training.emotion.data import LabelledTexts, load_goemotions, output_names, write_lessons
from training.emotion.distill import Ensemble

Array = npt.NDArray[np.floating[Any]]
Part = Literal["train", "calibration", "held"]

# Percent of the texts that are held out for evaluation, and that are kept for calibration.
HELD_PERCENT: Final = 25
CALIBRATION_PERCENT: Final = 20
# Evidence of the raters' word, in log-odds.
SAID: Final = 1.5
NOT_SAID: Final = 0.5

# XED's Plutchik emotions (Öhman et al., 2020) that are Ekman's too.
XED_GROUPS: Final = {
    1: "anger", 3: "disgust", 4: "fear", 5: "joy", 6: "sadness", 7: "surprise"
}  # fmt: skip
BRIGHTER_GROUPS: Final = ("anger", "fear", "joy", "sadness", "surprise")
# EDOS (Welivita et al., 2021): its emotions, those of EmpatheticDialogues, as GoEmotions' labels.
# Its eight intents of a reply, such as "questioning", are no emotions and are left out.
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
class CoarseTexts:
    """Texts with the groups that raters said hold; they were asked for `groups` only.

    `present` has shape (texts, groups), bool; `members` are the labels that a group stands for.
    """

    texts: list[str]
    present: npt.NDArray[np.bool_]
    groups: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: EKMAN)

    def rows(self, chosen: Sequence[int]) -> CoarseTexts:
        """Return the texts of these indices."""
        return CoarseTexts(
            [self.texts[row] for row in chosen], self.present[chosen], self.groups, self.members
        )


def load_brighter(folder: Path, part: Part) -> CoarseTexts:
    """Read BRIGHTER (Muhammad et al., 2025), English: `folder`/brighter_eng_train.csv."""
    with (folder / "brighter_eng_train.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if _part(row["text"]) == part]
    present = [[row[group] == "1" for group in BRIGHTER_GROUPS] for row in rows]
    return CoarseTexts([row["text"] for row in rows], np.asarray(present), BRIGHTER_GROUPS)


def load_xed(folder: Path, part: Part) -> CoarseTexts:
    """XED's English subtitle lines (Öhman et al., 2020), from `folder`/xed_en.tsv."""
    texts: list[str] = []
    present: list[list[bool]] = []
    for line in (folder / "xed_en.tsv").read_text(encoding="utf-8").splitlines():
        text, numbers = line.rsplit("\t", 1)
        if _part(text) == part:
            said = {int(number) for number in numbers.split(",")}
            texts.append(_join_punctuation(text))
            present.append([number in said for number in XED_GROUPS])
    return CoarseTexts(texts, np.asarray(present), tuple(XED_GROUPS.values()))


def load_edos(folder: Path) -> CoarseTexts:
    """Read EDOS' labelled lines of film dialogue, from `folder`/edos_train.tsv.gz."""
    texts: list[str] = []
    present: list[list[bool]] = []
    with gzip.open(folder / "edos_train.tsv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["label"] in EDOS_LABELS:
                texts.append(row["text"])
                present.append([row["label"] == name for name in EDOS_LABELS])
    return CoarseTexts(texts, np.asarray(present), tuple(EDOS_LABELS), EDOS_LABELS)


def _part(text: str) -> Part:
    percent = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 100
    if percent < HELD_PERCENT:
        return "held"
    return "calibration" if percent < HELD_PERCENT + CALIBRATION_PERCENT else "train"


def _join_punctuation(text: str) -> str:
    """Undo the spaces before punctuation and in contractions, and the dash of a new speaker."""
    text = re.sub(r"^[-*\s]+", "", text)
    text = re.sub(r"\s+([.,!?;:]|n't\b|'\w)", r"\1", text)
    return re.sub(r"\[PERSON\]", "[NAME]", text)


def lessons_of(corpus: CoarseTexts, logits: Array, labels: list[str]) -> LabelledTexts:
    """Lessons from a teacher's `logits` of shape (texts, outputs) and the raters' groups.

    `labels` names the outputs. A label that several groups stand for is said where one of them is.
    """
    said = np.zeros(logits.shape, dtype=bool)
    asked = np.zeros(len(labels), dtype=bool)
    for column, group in enumerate(corpus.groups):
        members = np.asarray([label in corpus.members[group] for label in labels])
        said[:, members] |= corpus.present[:, column, None]
        asked |= members
    shift = np.where(said, SAID, -NOT_SAID) * asked
    neutral = labels.index(NEUTRAL)
    shift[corpus.present.any(axis=1) & ~said[:, neutral], neutral] = -SAID
    shifted = logits + shift
    return LabelledTexts(corpus.texts, sigmoid(shifted).astype(np.float32), labels)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.group_labels",
        description="Write lessons of BRIGHTER and XED: a teacher's labels, corrected by raters.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder: goemotions/, text/")
    parser.add_argument("--teachers", type=Path, nargs="+", required=True, help="adapter/ of runs")
    parser.add_argument("--output", type=Path, required=True, help="lesson file to write")
    parser.add_argument("--xed", type=int, default=3000, help="number of XED's lines")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)  # noqa: S311 - reproducible on purpose
    dev = load_goemotions(arguments.data / "goemotions", "dev")
    xed = load_xed(arguments.data / "text", "train")
    number = min(arguments.xed, len(xed.texts))
    loaded = (
        load_brighter(arguments.data / "text", "train"),
        xed.rows(sorted(rng.sample(range(len(xed.texts)), number))),
        load_edos(arguments.data / "fine_grained"),
    )
    corpora = [
        dataclasses.replace(corpus, texts=[name_people(text, rng) for text in corpus.texts])
        for corpus in loaded
    ]
    texts = [text for corpus in corpora for text in corpus.texts]
    probabilities = np.clip(
        Ensemble(arguments.teachers, dev).probabilities(texts), 1e-6, 1.0 - 1e-6
    )
    logits = np.log(probabilities) - np.log1p(-probabilities)
    names = output_names(dev.label_names)[: logits.shape[1]]
    parts = np.split(logits, np.cumsum([len(corpus.texts) for corpus in corpora])[:-1])
    made = [lessons_of(corpus, part, names) for corpus, part in zip(corpora, parts, strict=True)]
    lessons = LabelledTexts(texts, np.concatenate([part.labels for part in made]), names)
    write_lessons(lessons, arguments.output)
    print(f"{len(lessons)} lessons written to {arguments.output}")


if __name__ == "__main__":
    main()
