"""Lessons from corpora whose raters knew fewer emotions than GoEmotions has.

    python -m training.emotion.coarse --data PATH --teacher RUN/adapter --output lessons.jsonl

A teacher, trained on GoEmotions, gives each text its 28 probabilities; what the raters of the other
corpus said is evidence that shifts their log-odds. Where they said joy, all emotions of Ekman's joy
rise by `SAID` and neutral falls by it; where they did not, these emotions fall by `NOT_SAID`. Which
joy it is stays the teacher's judgement. The evidence is weak on purpose: both corpora were rated in
a context that their single sentences have lost ("Colorado, middle of nowhere." is fear there).

Texts are divided by hash: the lessons are made of the training part, the held part is for
evaluation.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from samo.emotions import NEUTRAL
from samo.groupings import EKMAN
from training.emotion.augment import name_people
from training.emotion.calibrate import fit_temperature, sigmoid
from training.emotion.data import LabelledTexts, load_goemotions, write_lessons
from training.emotion.inference import adapter_logits

Array = npt.NDArray[np.floating[Any]]
Part = Literal["train", "held"]

# Of a hundred texts so many are held out.
HELD_PERCENT: Final = 25
# Evidence of the raters' word, in log-odds.
SAID: Final = 1.5
NOT_SAID: Final = 0.5

# XED's Plutchik emotions (Öhman et al., 2020) that are Ekman's too.
XED_GROUPS: Final = {
    1: "anger", 3: "disgust", 4: "fear", 5: "joy", 6: "sadness", 7: "surprise"
}  # fmt: skip
BRIGHTER_GROUPS: Final = ("anger", "fear", "joy", "sadness", "surprise")


@dataclass(frozen=True)
class CoarseTexts:
    """Texts with the groups that raters said hold; they were asked for `groups` only.

    `present` has shape (texts, groups), bool.
    """

    texts: list[str]
    present: npt.NDArray[np.bool_]
    groups: tuple[str, ...]


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


def _part(text: str) -> Part:
    percent = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 100
    return "held" if percent < HELD_PERCENT else "train"


def _join_punctuation(text: str) -> str:
    """Undo the spaces before punctuation and in contractions, and the dash of a new speaker."""
    text = re.sub(r"^[-*\s]+", "", text)
    text = re.sub(r"\s+([.,!?;:]|n't\b|'\w)", r"\1", text)
    return re.sub(r"\[PERSON\]", "[NAME]", text)


def lessons_of(corpus: CoarseTexts, logits: Array, labels: list[str]) -> LabelledTexts:
    """Lessons from a teacher's `logits` of shape (texts, labels) and the raters' groups."""
    members = {
        group: np.asarray([label in EKMAN[group] for label in labels]) for group in corpus.groups
    }
    logits = logits.copy()
    for column, group in enumerate(corpus.groups):
        shift = np.where(corpus.present[:, column], SAID, -NOT_SAID)
        logits[:, members[group]] += shift[:, None]
    logits[corpus.present.any(axis=1), labels.index(NEUTRAL)] -= SAID
    return LabelledTexts(corpus.texts, sigmoid(logits).astype(np.float32), labels)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.coarse",
        description="Write lessons of BRIGHTER and XED: a teacher's labels, corrected by raters.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder: goemotions/, text/")
    parser.add_argument("--teacher", type=Path, required=True, help="adapter/ of a finished run")
    parser.add_argument("--output", type=Path, required=True, help="lesson file to write")
    parser.add_argument("--xed", type=int, default=3000, help="so many of XED's lines")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)  # noqa: S311 - reproducible on purpose
    dev = load_goemotions(arguments.data / "goemotions", "dev")
    temperature = fit_temperature(adapter_logits(arguments.teacher, dev.texts), dev.labels)
    xed = load_xed(arguments.data / "text", "train")
    chosen = sorted(rng.sample(range(len(xed.texts)), min(arguments.xed, len(xed.texts))))
    xed = CoarseTexts([xed.texts[row] for row in chosen], xed.present[chosen], xed.groups)
    made = []
    for corpus in (load_brighter(arguments.data / "text", "train"), xed):
        texts = [name_people(text, rng) for text in corpus.texts]
        logits = adapter_logits(arguments.teacher, texts) / temperature
        named = CoarseTexts(texts, corpus.present, corpus.groups)
        made.append(lessons_of(named, logits, dev.label_names))
    lessons = LabelledTexts(
        [text for part in made for text in part.texts],
        np.concatenate([part.labels for part in made]),
        dev.label_names,
    )
    write_lessons(lessons, arguments.output)
    print(f"{len(lessons)} lessons written to {arguments.output}")


if __name__ == "__main__":
    main()
