"""Change a part of GoEmotions' training comments into forms that journal entries have.

    python -m training.emotion.augment --data ../shared/data --output comments.jsonl

Reddit comments lack these forms: spoken entries, which come from a speech recognizer, entries of
several sentences, and names (GoEmotions has placeholders such as [NAME]). The number of examples
stays that of the comments, so that an epoch takes as long.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Final

import numpy as np

from runners.emotion.prediction import NEUTRAL
from training.command_line import DATA_HELP, command_parser
from training.emotion.data import (
    MOODS,
    LabelledTexts,
    load_goemotions,
    output_names,
    write_examples,
)
from training.summarizer.disfluencies import to_raw_transcript

# Shares of the comments that are rewritten as spoken, and that are joined with another comment.
SPOKEN_SHARE: Final = 0.12
JOINED_SHARE: Final = 0.12
# Share of all comments whose placeholders are replaced by names, in addition.
NAMED_SHARE: Final = 0.5
# The longest text that the service classifies without splitting.
MAX_JOINED_CHARACTERS: Final = 280
# Number of neutral comments that become examples of texts without a mood.
MOODLESS_COMMENTS: Final = 2000

NAMES: Final = (
    "Anna", "Ben", "Carlos", "Priya", "Mum", "Dad", "Tom", "Aisha", "Lena", "Sam", "Grandma",
    "Daniel", "Mei", "Olu", "Kate", "Mr. Patel", "Joe", "Sofia", "my boss", "my brother", "Ruth",
    "Yusuf", "my sister", "Ella", "Marek", "Chloe", "Hannah", "the kids", "Luis", "Fatima",
)  # fmt: skip
FAITHS: Final = ("Christian", "Muslim", "Jewish", "Hindu", "Buddhist", "Catholic", "Sikh")


def fill_placeholders(text: str, rng: random.Random) -> str:
    """Replace GoEmotions' placeholders by names and religions."""
    text = re.sub(r"\[NAME\]", lambda _: rng.choice(NAMES), text)
    return re.sub(r"\[RELIGION\]", lambda _: rng.choice(FAITHS), text)


def augment(comments: LabelledTexts, seed: int = 0) -> LabelledTexts:
    """Return one example per comment: spoken, joined with another comment, or unchanged."""
    rng = random.Random(seed)  # noqa: S311 - reproducible on purpose
    neutral = comments.label_names.index(NEUTRAL)
    texts: list[str] = []
    labels = comments.labels.copy()
    for index, comment in enumerate(comments.texts):
        text, draw = comment, rng.random()
        if rng.random() < NAMED_SHARE:
            text = fill_placeholders(text, rng)
        if draw < SPOKEN_SHARE:
            text = to_raw_transcript(text, rng) or text
        elif draw < SPOKEN_SHARE + JOINED_SHARE:
            other = rng.randrange(len(comments))
            joined = f"{text} {comments.texts[other]}"
            if len(joined) <= MAX_JOINED_CHARACTERS:
                text = joined
                labels[index] = np.maximum(labels[index], comments.labels[other])
                if np.delete(labels[index], neutral).any():
                    labels[index, neutral] = 0.0
        texts.append(text)
    return LabelledTexts(texts, labels, comments.label_names)


def add_moodless(examples: LabelledTexts, number: int, seed: int = 0) -> LabelledTexts:
    """Add mood labels: none apply to `number` neutral comments, for all others they are unknown.

    Few journal entries have no mood. A model trained only on those assigns a mood to every text.
    """
    names = output_names(examples.label_names)
    labels = np.full((len(examples), len(names)), np.nan, dtype=np.float32)
    labels[:, : len(examples.label_names)] = examples.labels
    neutral = np.flatnonzero(examples.column(NEUTRAL) == 1.0)
    moodless = np.random.default_rng(seed).permutation(neutral)[:number]
    moods = slice(len(examples.label_names), len(examples.label_names) + len(MOODS))
    labels[moodless, moods] = 0.0
    return LabelledTexts(examples.texts, labels, names)


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.emotion.augment",
        "Write GoEmotions' training comments, a part of them changed, as training examples.",
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    parser.add_argument("--comments", type=int, help="number of comments to sample; default: all")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random choices")
    parser.add_argument(
        "--unchanged", action="store_true", help="write the comments as they were published"
    )
    args = parser.parse_args()
    comments = load_goemotions(args.data, "train")
    if args.comments:
        sample = np.random.default_rng(args.seed).permutation(len(comments))[: args.comments]
        comments = comments.select(np.sort(sample))
    changed = comments if args.unchanged else augment(comments, args.seed)
    examples = add_moodless(changed, MOODLESS_COMMENTS, args.seed)
    write_examples(examples, args.output)


if __name__ == "__main__":
    main()
