"""Metrics of summaries: faithfulness, clean sentences, selection of emotional sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runners.text.compare import bigram_recall, normalized_words
from training.summarizer.composites import Composite

# A sentence counts as selected if the summary has this share of its word pairs.
MIN_SELECTED_OVERLAP = 0.6
_FILLER = re.compile(r"\b(?:u[mh]+|er|erm|hm+)\b|, (?:like|you know|i mean),", re.IGNORECASE)
_REPEAT = re.compile(r"\b(\w+),? \1\b", re.IGNORECASE)
# Repeats such as "that that" and "had had" are correct.
_CORRECT_REPEATS = frozenset(
    ("that", "had", "so", "very", "really", "no", "yes", "ha", "bye", "is", "do", "you", "it")
)
_SENTENCE = re.compile(r"[^.!?]+[.!?]+(?:\s+|$)|[^.!?]+$")


def faithful_share(summary: str, entry: str) -> float:
    """Share of the summary's words that are in the entry; 0 for an empty summary."""
    words, known = normalized_words(summary), set(normalized_words(entry))
    return sum(word in known for word in words) / len(words) if words else 0.0


def is_clean(summary: str) -> bool:
    """Whether these are complete sentences with case and punctuation, without disfluencies."""
    sentences = [match[0].strip() for match in _SENTENCE.finditer(summary)]
    repeats = {match[1].lower() for match in _REPEAT.finditer(summary)}
    return (
        bool(sentences)
        and all(s[-1] in ".!?" and (s[0].isupper() or s[0].isdigit()) for s in sentences)
        and not _FILLER.search(summary)
        and repeats <= _CORRECT_REPEATS
    )


@dataclass(frozen=True, slots=True)
class SelectionScores:
    """Scores of the summaries of composites.

    Attributes:
        f1: F1 of the selection of emotional sentences, over all sentences of all composites.
        precision: precision of the selection.
        recall: recall of the selection.
        faithfulness: mean share of a summary's words that are in its entry.
        clean: share of the summaries that are complete, clean sentences.

    """

    f1: float
    precision: float
    recall: float
    faithfulness: float
    clean: float

    @classmethod
    def from_summaries(
        cls, composites: Sequence[Composite], summaries: Sequence[str]
    ) -> SelectionScores:
        """Score one summary per composite."""
        hits = selected = expected = 0
        for composite, summary in zip(composites, summaries, strict=True):
            for sentence, is_expected in zip(
                composite.sentences, composite.is_emotional, strict=True
            ):
                is_selected = bigram_recall(sentence, summary) >= MIN_SELECTED_OVERLAP
                hits += is_selected and is_expected
                selected += is_selected
                expected += is_expected
        pairs = list(zip(summaries, composites, strict=True))
        return cls(
            f1=2 * hits / max(1, selected + expected),
            precision=hits / max(1, selected),
            recall=hits / max(1, expected),
            faithfulness=sum(faithful_share(s, c.entry) for s, c in pairs) / max(1, len(pairs)),
            clean=sum(map(is_clean, summaries)) / max(1, len(pairs)),
        )
