"""Held-out entries made of comments, of which is known which sentences carry the feeling."""

from __future__ import annotations

import random
from dataclasses import dataclass

from training.summarizer.disfluencies import heard
from training.summarizer.sentences import Pool

# Of neutral and of emotional comments, each drawn evenly.
NEUTRAL_COMMENTS = (1, 4)
EMOTIONAL_COMMENTS = (1, 2)


@dataclass(frozen=True, slots=True)
class Composite:
    """An entry of one-sentence comments.

    Attributes:
        entry: the whole, as written or as heard.
        sentences: its comments, clean.
        chosen: which of them carry a feeling and so belong to the summary.

    """

    entry: str
    sentences: tuple[str, ...]
    chosen: tuple[bool, ...]


def composites(
    pool: Pool,
    number: int,
    neutral: tuple[int, int] = NEUTRAL_COMMENTS,
    emotional: tuple[int, int] = EMOTIONAL_COMMENTS,
    *,
    spoken: bool = False,
    seed: int = 0,
) -> list[Composite]:
    """Make entries of a held-out split of GoEmotions; what the raters felt is what is to be chosen.

    Comments with both a feeling and a vote for neutral are in none.

    Args:
        pool: the split, loaded with `longest=1`: a comment is a sentence.
        number: how many entries.
        neutral: fewest and most neutral comments of one entry.
        emotional: likewise of emotional ones.
        spoken: make them look heard: a third with stumbles, a third bare of case and punctuation.
        seed: of the choice.

    """
    entries = []
    for index in range(number):
        rng = random.Random(f"composite:{seed}:{index}")  # noqa: S311 - reproducible on purpose
        picked = rng.sample(pool.emotional, rng.randint(*emotional))
        picked += rng.sample(pool.neutral, rng.randint(*neutral))
        rng.shuffle(picked)
        texts = [sentence.text for sentence in picked]
        entries.append(
            Composite(
                heard(texts, rng) if spoken else " ".join(texts),
                tuple(texts),
                tuple(sentence.is_emotional for sentence in picked),
            )
        )
    return entries
