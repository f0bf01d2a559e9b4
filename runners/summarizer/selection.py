"""Select the sentences of an entry that make its summary.

Extractive summarization by a linear score over few features, after Edmundson (1969). What an entry
is about and where it is felt most are different sentences more often than not, so the default takes
both.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from runners.summarizer.summary import Focus
from runners.text.compare import content_words
from runners.text.lines import ITEM

# Skip sentences below this share of the top salience, even if the summary gets shorter.
KEEP_SHARE: Final = 0.7
# Below this salience in every sentence the entry feels nothing that a summary could tell.
FELT: Final = 0.5
# Weights of the number of content words, of recurring words and of an early position. Those of
# "gist" were chosen on DialogSum's dev dialogues, of "feeling" on composites of GoEmotions' dev
# comments, of "core" on the diaries of training/emotion/diaries.jsonl.
LENGTH: Final = 1.0
RECURRENCE: Final[dict[Focus, float]] = {"core": 4.0, "feeling": 3.0, "gist": 2.0}
EARLINESS: Final[dict[Focus, float]] = {"core": 1.0, "feeling": 0.0, "gist": 3.0}
# Of "core": weights of the salience in the first sentence selected, and in those after it, and of
# the share of content words that are in the summary already.
FIRST_SALIENCE: Final = 1.0
LATER_SALIENCE: Final = 5.0
REDUNDANCY: Final = 2.0
# Added to the number of content words, so that short sentences do not win by one recurring word.
SMOOTHING: Final = 3


def select_sentences(
    sentences: Sequence[str],
    number: int,
    salience: Sequence[float] | None,
    focus: Focus = "core",
) -> tuple[int, ...]:
    """Select up to `number` sentences; return their indices in order.

    Args:
        sentences: of the entry.
        number: most sentences to select.
        salience: how much each sentence feels, 0 to 1, if that is known.
        focus: "core" takes the sentence that says most of what the entry is about, then those that
            feel most; "feeling" takes what is felt; "gist" what the entry is about: sentences with
            many recurring words, early ones before late ones. Where nothing is felt, "gist".

    """
    words = [content_words(sentence) for sentence in sentences]
    candidates = [index for index, own in enumerate(words) if own] or list(range(len(sentences)))
    if salience is None or max(salience) < FELT:
        focus = "gist"
    recurrence = _recurrence(words)
    scores = [
        LENGTH * math.log1p(len(own))
        + RECURRENCE[focus] * recurrence[index]
        + EARLINESS[focus] / (1 + index)
        for index, own in enumerate(words)
    ]
    if focus == "core" and salience is not None:
        return _choose_core(words, candidates, number, salience, scores)
    if focus == "feeling" and salience is not None:
        floor = KEEP_SHARE * max(salience[index] for index in candidates)
        candidates = [index for index in candidates if salience[index] >= floor]
        scores = [score + _logit(own) for score, own in zip(scores, salience, strict=True)]
    best: dict[tuple[str, ...], int] = {}
    for index in sorted(candidates, key=lambda index: -scores[index]):
        best.setdefault(tuple(words[index]), index)  # a repeated sentence counts once
    return tuple(sorted(list(best.values())[:number]))


def _choose_core(
    words: Sequence[Sequence[str]],
    candidates: Sequence[int],
    number: int,
    salience: Sequence[float],
    scores: Sequence[float],
) -> tuple[int, ...]:
    """Select greedily: what the entry is about, then what is felt and not yet said.

    A summary of one sentence takes the one that feels most and says most.
    """
    selected: list[int] = []
    said: set[str] = set()
    weight = FIRST_SALIENCE if number > 1 else LATER_SALIENCE
    rest = list(candidates)

    def score(index: int) -> float:
        repeated = len(said.intersection(words[index])) / max(1, len(words[index]))
        return scores[index] + weight * salience[index] - REDUNDANCY * repeated

    while rest and len(selected) < number:
        best = max(rest, key=score)
        selected.append(best)
        said.update(words[best])
        weight = LATER_SALIENCE
        rest = [index for index in rest if set(words[index]) - said or not words[index]]
        rest = [index for index in rest if index != best]
    return tuple(sorted(selected))


def add_list_items(sentences: Sequence[str], chosen: Sequence[int], number: int) -> tuple[int, ...]:
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
