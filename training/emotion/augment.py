"""Change part of the training comments into forms that journals have and Reddit has not.

    python -m training.emotion.augment --dataset PATH --output lessons.jsonl

Each comment stays one lesson, so that a run on the output costs what a run on them costs.
GoEmotions has [NAME] and [RELIGION] where a person or a faith was named; no journal has. Spoken
entries come from a recognizer, and entries have more than one sentence.
"""

from __future__ import annotations

import argparse
import random
import re
from pathlib import Path
from typing import Final

import numpy as np

from runners.emotion.calibration import NEUTRAL
from training.emotion.data import (
    MOODS,
    LabelledTexts,
    load_goemotions,
    output_names,
    write_lessons,
)
from training.summarizer.disfluencies import recognized

# Shares of the comments that are changed; names are put in besides, in half of the rest.
SPOKEN_SHARE: Final = 0.12
JOINED_SHARE: Final = 0.12
NAMED_SHARE: Final = 0.5
# A joined comment is no longer than the longest that is classified as a whole.
MAX_JOINED_CHARACTERS: Final = 280
# Neutral comments that stand for texts without a mood.
MOODLESS: Final = 2000

NAMES: Final = (
    "Anna", "Ben", "Carlos", "Priya", "Mum", "Dad", "Tom", "Aisha", "Lena", "Sam", "Grandma",
    "Daniel", "Mei", "Olu", "Kate", "Mr. Patel", "Joe", "Sofia", "my boss", "my brother", "Ruth",
    "Yusuf", "my sister", "Ella", "Marek", "Chloe", "Hannah", "the kids", "Luis", "Fatima",
)  # fmt: skip
FAITHS: Final = ("Christian", "Muslim", "Jewish", "Hindu", "Buddhist", "Catholic", "Sikh")


def name_people(text: str, rng: random.Random) -> str:
    """Put a name where GoEmotions hid one."""
    text = re.sub(r"\[NAME\]", lambda _: rng.choice(NAMES), text)
    return re.sub(r"\[RELIGION\]", lambda _: rng.choice(FAITHS), text)


def augment(comments: LabelledTexts, seed: int = 0) -> LabelledTexts:
    """As many lessons as comments: spoken, joined with another comment, named, or unchanged."""
    rng = random.Random(seed)  # noqa: S311 - reproducible on purpose
    neutral = comments.label_names.index(NEUTRAL)
    texts: list[str] = []
    labels = comments.labels.copy()
    for index, comment in enumerate(comments.texts):
        text, fate = comment, rng.random()
        if rng.random() < NAMED_SHARE:
            text = name_people(text, rng)
        if fate < SPOKEN_SHARE:
            text = recognized(text, rng) or text
        elif fate < SPOKEN_SHARE + JOINED_SHARE:
            other = rng.randrange(len(comments))
            joined = f"{text} {comments.texts[other]}"
            if len(joined) <= MAX_JOINED_CHARACTERS:
                text = joined
                labels[index] = np.maximum(labels[index], comments.labels[other])
                if np.delete(labels[index], neutral).any():
                    labels[index, neutral] = 0.0
        texts.append(text)
    return LabelledTexts(texts, labels, comments.label_names)


def without_mood(lessons: LabelledTexts, number: int, seed: int = 0) -> LabelledTexts:
    """Add the moods: none for the first `number` of neutral comments, unknown for all others.

    Journal entries without a mood are few, and a model that knows only them gives everything one.
    """
    names = output_names(lessons.label_names)
    labels = np.full((len(lessons), len(names)), np.nan, dtype=np.float32)
    labels[:, : len(lessons.label_names)] = lessons.labels
    neutral = np.flatnonzero(lessons.labels[:, lessons.label_names.index(NEUTRAL)] == 1.0)
    chosen = np.random.default_rng(seed).permutation(neutral)[:number]
    moods = slice(len(lessons.label_names), len(lessons.label_names) + len(MOODS))
    labels[chosen, moods] = 0.0
    return LabelledTexts(lessons.texts, labels, names)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.augment",
        description="Write GoEmotions' training comments, part of them changed, as lessons.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--dataset", type=Path, required=True, help="folder of GoEmotions' TSV")
    parser.add_argument("--output", type=Path, required=True, help="lesson file to write")
    parser.add_argument("--comments", type=int, help="take so many at random; default: all")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    comments = load_goemotions(arguments.dataset, "train")
    if arguments.comments:
        chosen = np.random.default_rng(arguments.seed).permutation(len(comments))
        chosen = np.sort(chosen[: arguments.comments])
        comments = LabelledTexts(
            [comments.texts[row] for row in chosen], comments.labels[chosen], comments.label_names
        )
    lessons = without_mood(augment(comments, arguments.seed), MOODLESS, arguments.seed)
    write_lessons(lessons, arguments.output)
    print(f"{len(lessons)} lessons written to {arguments.output}")


if __name__ == "__main__":
    main()
