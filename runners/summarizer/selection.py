"""Select the sentences of an entry for its summary.

Extractive summarization by a linear score of a few features, after Edmundson (1969).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from runners.summarizer.ranking import Ranking, is_dialogue, recurrence
from runners.summarizer.summary import Focus
from runners.text.compare import content_words
from runners.text.lines import ITEM

# If every sentence is below this salience, the entry is summarized as if the focus were "gist".
MIN_SALIENCE: Final = 0.5
# Focus "feeling" skips sentences below this share of the top salience, even if the summary gets
# shorter.
MIN_SALIENCE_SHARE: Final = 0.7
# Weight of recurring words for "feeling"; salience and the number of content words have 1. It was
# tuned on composites of GoEmotions' dev comments.
FEELING_RECURRENCE_WEIGHT: Final = 3.0


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
        focus: "core" selects one sentence after the other by its score (`ranking`); "gist" does so
            without salience; "feeling" selects by salience. Without salience the focus is "gist",
            and "core" becomes "gist" for a dialogue.

    """
    if salience is None or max(salience) < MIN_SALIENCE:
        focus = "gist"
    elif focus == "feeling":
        return _select_salient(sentences, max_sentences, salience)
    use_salience = focus == "core" and not is_dialogue(sentences)
    return _select_by_score(Ranking(sentences, salience if use_salience else None), max_sentences)


def _select_by_score(ranking: Ranking, max_sentences: int) -> tuple[int, ...]:
    """Select greedily, without sentences that have no new content word."""
    selected: list[int] = []
    covered: set[str] = set()
    remaining = _with_content(ranking.content)
    while remaining and len(selected) < max_sentences:
        best = max(remaining, key=lambda index: ranking.score(index, selected))
        selected.append(best)
        remaining.remove(best)
        covered.update(ranking.content[best])
        remaining = [index for index in remaining if not covered.issuperset(ranking.content[index])]
    return tuple(sorted(selected))


def _select_salient(
    sentences: Sequence[str], max_sentences: int, salience: Sequence[float]
) -> tuple[int, ...]:
    """Select by salience, and among similar ones those with more, and recurring, content words."""
    words = [content_words(sentence) for sentence in sentences]
    candidates = _with_content(words)
    floor = MIN_SALIENCE_SHARE * max(salience[index] for index in candidates)
    scores = [
        _logit(value) + math.log1p(len(content)) + FEELING_RECURRENCE_WEIGHT * recurring
        for value, content, recurring in zip(salience, words, recurrence(words), strict=True)
    ]
    best: dict[tuple[str, ...], int] = {}
    for index in sorted(candidates, key=lambda index: -scores[index]):
        if salience[index] >= floor:
            best.setdefault(tuple(words[index]), index)  # a repeated sentence counts once
    return tuple(sorted(list(best.values())[:max_sentences]))


def _with_content(words: Sequence[Sequence[str]]) -> list[int]:
    """Indices of the sentences that have content words; of all if none has."""
    return [index for index, content in enumerate(words) if content] or list(range(len(words)))


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


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))
