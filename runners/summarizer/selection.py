"""Select the sentences of an entry for its summary.

Extractive summarization by a linear score of a few features, after Edmundson (1969).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
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
# Only the sentences with the highest scores are combined, which bounds the search.
MAX_CANDIDATES: Final = 40
MAX_EXCHANGES: Final = 3
MAX_LIST_ITEMS: Final = 5
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
        focus: "core" selects the summary with the highest score (`ranking`), "gist" does so
            without salience; "feeling" selects by salience. Without salience the focus is
            "gist"; for a dialogue "core" becomes "gist".

    """
    if salience is None or max(salience) < MIN_SALIENCE:
        focus = "gist"
    elif focus == "feeling":
        return _select_salient(sentences, max_sentences, salience)
    use_salience = focus == "core" and not is_dialogue(sentences)
    return _select_by_score(Ranking(sentences, salience if use_salience else None), max_sentences)


def _select_by_score(ranking: Ranking, max_sentences: int) -> tuple[int, ...]:
    """Search the summary with the highest score: add sentences greedily, then exchange them."""
    candidates = _with_content(ranking.content)
    candidates.sort(key=lambda index: -ranking.score([index]))
    del candidates[MAX_CANDIDATES:]
    summary: list[int] = []
    while len(summary) < max_sentences:
        longer = _best(ranking, summary, candidates)
        if longer is None:
            break
        summary = longer
    for _ in range(MAX_EXCHANGES):
        exchanged = [
            _best(ranking, [other for other in summary if other != index], candidates)
            for index in summary
        ]
        better = max(filter(None, exchanged), key=ranking.score, default=summary)
        if ranking.score(better) <= ranking.score(summary):
            break
        summary = better
    return tuple(summary)


def _best(ranking: Ranking, summary: list[int], candidates: Sequence[int]) -> list[int] | None:
    """Add the best sentence, in order; None if none has new content."""
    longer = [sorted([*summary, index]) for index in candidates if index not in summary]
    best = max(longer, key=ranking.score, default=None)
    return best if best is not None and ranking.score(best) > -math.inf else None


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


def _with_content(words: Sequence[Collection[str]]) -> list[int]:
    """Indices of the sentences that have content words; of all if none has."""
    return [index for index, content in enumerate(words) if content] or list(range(len(words)))


def add_list_items(sentences: Sequence[str], selected: Sequence[int]) -> tuple[int, ...]:
    """Add the items of a list that a selected sentence introduces ("Grateful for:").

    Without them the sentence would introduce what the summary has next. At most `MAX_LIST_ITEMS`
    are added, and they do not count as sentences of the summary.
    """
    indices = set(selected)
    for index in selected:
        if not sentences[index].endswith(":"):
            continue
        for item in range(index + 1, min(index + 1 + MAX_LIST_ITEMS, len(sentences))):
            if not ITEM.match(sentences[item]):
                break
            indices.add(item)
    return tuple(sorted(indices))


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))
