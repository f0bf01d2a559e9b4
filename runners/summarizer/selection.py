"""Select the sentences of an entry for its summary.

Extractive summarization by a linear score of a few features, after Edmundson (1969). The sentences
that state what an entry is about are rarely its most emotional ones, so the default focus selects
both kinds.
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
MIN_SALIENCE_SHARE: Final = 0.7
# If every sentence is below this salience, the entry is summarized as if the focus were "gist".
MIN_SALIENCE: Final = 0.5
# Weights of the number of content words, of recurring words and of an early position. They were
# tuned for "gist" on DialogSum's dev dialogues, for "feeling" on composites of GoEmotions' dev
# comments, for "core" on the diaries of training/emotion/diaries.jsonl.
LENGTH_WEIGHT: Final = 1.0
RECURRENCE_WEIGHT: Final[dict[Focus, float]] = {"core": 4.0, "feeling": 3.0, "gist": 2.0}
EARLINESS_WEIGHT: Final[dict[Focus, float]] = {"core": 1.0, "feeling": 0.0, "gist": 3.0}
# Weights of "core": of the salience of the first selected sentence and of later ones, and of the
# share of content words that the selected sentences contain already.
FIRST_SALIENCE_WEIGHT: Final = 1.0
LATER_SALIENCE_WEIGHT: Final = 5.0
REDUNDANCY_PENALTY: Final = 2.0
# Added to the number of content words, so that one recurring word does not dominate the score of a
# short sentence.
WORD_COUNT_SMOOTHING: Final = 3


def select_sentences(
    sentences: Sequence[str],
    max_sentences: int,
    salience: Sequence[float] | None,
    focus: Focus = "core",
) -> tuple[int, ...]:
    """Select up to `max_sentences` sentences; return their indices in order.

    Args:
        sentences: of the entry.
        max_sentences: maximum number of sentences to select.
        salience: of each sentence, between 0 and 1; None if it is not known.
        focus: "gist" selects sentences with many recurring words, early ones first; "feeling"
            selects by salience; "core" selects the sentence with the most central content first,
            then by salience and new content. Without salience the focus is "gist".

    """
    words = [content_words(sentence) for sentence in sentences]
    candidates = [index for index, content in enumerate(words) if content]
    candidates = candidates or list(range(len(sentences)))
    if salience is None or max(salience) < MIN_SALIENCE:
        focus = "gist"
    recurrence = _recurrence(words)
    scores = [
        LENGTH_WEIGHT * math.log1p(len(content))
        + RECURRENCE_WEIGHT[focus] * recurrence[index]
        + EARLINESS_WEIGHT[focus] / (1 + index)
        for index, content in enumerate(words)
    ]
    if focus == "core" and salience is not None:
        return _select_core(words, candidates, max_sentences, salience, scores)
    if focus == "feeling" and salience is not None:
        floor = MIN_SALIENCE_SHARE * max(salience[index] for index in candidates)
        candidates = [index for index in candidates if salience[index] >= floor]
        scores = [score + _logit(value) for score, value in zip(scores, salience, strict=True)]
    best: dict[tuple[str, ...], int] = {}
    for index in sorted(candidates, key=lambda index: -scores[index]):
        best.setdefault(tuple(words[index]), index)  # a repeated sentence counts once
    return tuple(sorted(list(best.values())[:max_sentences]))


def _select_core(
    words: Sequence[Sequence[str]],
    candidates: Sequence[int],
    max_sentences: int,
    salience: Sequence[float],
    scores: Sequence[float],
) -> tuple[int, ...]:
    """Select greedily: the most central sentence, then salient ones with new content.

    A summary of one sentence weights salience as later sentences do.
    """
    selected: list[int] = []
    covered: set[str] = set()
    weight = FIRST_SALIENCE_WEIGHT if max_sentences > 1 else LATER_SALIENCE_WEIGHT
    remaining = list(candidates)

    def score(index: int) -> float:
        repeated = len(covered.intersection(words[index])) / max(1, len(words[index]))
        return scores[index] + weight * salience[index] - REDUNDANCY_PENALTY * repeated

    while remaining and len(selected) < max_sentences:
        best = max(remaining, key=score)
        selected.append(best)
        covered.update(words[best])
        weight = LATER_SALIENCE_WEIGHT
        remaining = [i for i in remaining if set(words[i]) - covered or not words[i]]
        remaining = [i for i in remaining if i != best]
    return tuple(sorted(selected))


def add_list_items(
    sentences: Sequence[str], selected: Sequence[int], max_sentences: int
) -> tuple[int, ...]:
    """Add the items of a list that a selected sentence introduces ("Grateful for:")."""
    indices = set(selected)
    for index in selected:
        if not sentences[index].endswith(":"):
            continue
        item = index + 1
        while (
            len(indices) < max_sentences and item < len(sentences) and ITEM.match(sentences[item])
        ):
            indices.add(item)
            item += 1
    return tuple(sorted(indices))


def _recurrence(words: Sequence[Sequence[str]]) -> list[float]:
    """Mean weight of each sentence's content words; words of more sentences weigh more."""
    distinct = [set(content) for content in words]
    counts = Counter(word for content in distinct for word in content)
    return [
        sum(math.log1p(counts[word]) for word in content if counts[word] > 1)
        / (len(content) + WORD_COUNT_SMOOTHING)
        for content in distinct
    ]


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))
