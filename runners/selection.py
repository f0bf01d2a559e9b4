"""Which sentences of an entry make its summary: what is felt, or what it is about.

Both are extractive summarization by a linear score over few features, as Edmundson (1969) has it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from runners.summary import Focus
from runners.wording import content_words
from samo.lines import ITEM

# A sentence that feels less than this share of what is felt most is not told for the number's sake.
KEEP_SHARE: Final = 0.7
# Where no sentence is likelier to feel something than not, there is no feeling to tell.
FELT: Final = 0.5
# Of content words, of words that recur, and of an early place; picked on DialogSum's dev dialogues,
# and for feelings on composites of GoEmotions' dev comments.
LENGTH: Final = 1.0
RECURRENCE: Final = {"feeling": 3.0, "gist": 2.0}
EARLINESS: Final = 3.0
# Long sentences hold more recurring words; these many are as good as said in passing.
SMOOTHING: Final = 3


def choose(
    sentences: Sequence[str],
    number: int,
    salience: Sequence[float] | None,
    focus: Focus = "feeling",
) -> tuple[int, ...]:
    """Choose up to `number` sentences; return their places in order.

    Args:
        sentences: of the entry.
        number: at most so many.
        salience: how much each sentence feels, 0 to 1, if that is known.
        focus: "feeling" keeps what is felt; where nothing is, and for "gist", what the entry is
            about: sentences full of words that recur, early ones before late ones.

    """
    words = [content_words(sentence) for sentence in sentences]
    told = [place for place, own in enumerate(words) if own] or list(range(len(sentences)))
    recurrence = _recurrence(words)
    lengths = [math.log1p(len(own)) for own in words]
    if salience is None or focus == "gist" or max(salience) < FELT:
        scores = [
            LENGTH * lengths[place]
            + RECURRENCE["gist"] * recurrence[place]
            + EARLINESS / (1 + place)
            for place in range(len(sentences))
        ]
    else:
        floor = KEEP_SHARE * max(salience[place] for place in told)
        told = [place for place in told if salience[place] >= floor]
        scores = [
            _logit(salience[place])
            + LENGTH * lengths[place]
            + RECURRENCE["feeling"] * recurrence[place]
            for place in range(len(sentences))
        ]
    best: dict[tuple[str, ...], int] = {}
    for place in sorted(told, key=lambda place: -scores[place]):
        best.setdefault(tuple(words[place]), place)  # nothing is told twice
    return tuple(sorted(list(best.values())[:number]))


def with_items(sentences: Sequence[str], chosen: Sequence[int], number: int) -> tuple[int, ...]:
    """Add the list items that a chosen sentence announces ("Grateful for:"), up to `number`."""
    places = set(chosen)
    for place in chosen:
        following = place + 1
        if not sentences[place].endswith(":"):
            continue
        while (
            len(places) < number and following < len(sentences) and ITEM.match(sentences[following])
        ):
            places.add(following)
            following += 1
    return tuple(sorted(places))


def _recurrence(words: Sequence[Sequence[str]]) -> list[float]:
    """Mean weight of each sentence's content words: the more other sentences have it, the more."""
    distinct = [set(own) for own in words]
    held = Counter(word for own in distinct for word in own)
    return [
        sum(math.log1p(held[word]) for word in own if held[word] > 1) / (len(own) + SMOOTHING)
        for own in distinct
    ]


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))
