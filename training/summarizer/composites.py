"""Held-out entries composed of comments, for which it is known which sentences are emotional."""

from __future__ import annotations

import random
from dataclasses import dataclass

from training.summarizer.disfluencies import to_transcript
from training.summarizer.sentences import Pool

# Smallest and largest number of comments in an entry; both are drawn uniformly.
NEUTRAL_COMMENTS = (1, 4)
EMOTIONAL_COMMENTS = (1, 2)


@dataclass(frozen=True, slots=True)
class Composite:
    """An entry composed of one-sentence comments.

    Attributes:
        entry: the text, as written or as spoken.
        sentences: the comments as written.
        is_emotional: for each comment, whether it has an emotion and belongs to the summary.

    """

    entry: str
    sentences: tuple[str, ...]
    is_emotional: tuple[bool, ...]

    @property
    def emotional_text(self) -> str:
        """The emotional comments, which are the reference of a summary."""
        return " ".join(
            text
            for text, is_emotional in zip(self.sentences, self.is_emotional, strict=True)
            if is_emotional
        )


def composites(
    pool: Pool,
    number: int,
    neutral: tuple[int, int] = NEUTRAL_COMMENTS,
    emotional: tuple[int, int] = EMOTIONAL_COMMENTS,
    *,
    spoken: bool = False,
    seed: int = 0,
) -> list[Composite]:
    """Compose entries of a held-out split of GoEmotions; the raters' labels are the reference.

    Comments that are labelled with an emotion and with neutral are not used.

    Args:
        pool: the split, with `max_sentences=1`: each comment is one sentence.
        number: number of entries.
        neutral: smallest and largest number of neutral comments per entry.
        emotional: the same for emotional comments.
        spoken: rewrite the entries by `to_transcript`.
        seed: seed of all random choices.

    """
    entries = []
    for index in range(number):
        rng = random.Random(f"composite:{seed}:{index}")  # noqa: S311 - reproducible on purpose
        selected = rng.sample(pool.emotional, rng.randint(*emotional))
        selected += rng.sample(pool.neutral, rng.randint(*neutral))
        rng.shuffle(selected)
        texts = [sentence.text for sentence in selected]
        entries.append(
            Composite(
                to_transcript(texts, rng) if spoken else " ".join(texts),
                tuple(texts),
                tuple(sentence.is_emotional for sentence in selected),
            )
        )
    return entries
