"""How a summary is judged: by words that stand in the entry, by form, by the sentences chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runners.text.compare import bigram_recall, normalized_words
from training.summarizer.composites import Composite

# A sentence counts as chosen when so much of it stands in the summary.
CHOSEN_OVERLAP = 0.6
_FILLER = re.compile(r"\b(?:u[mh]+|er|erm|hm+)\b|, (?:like|you know|i mean),", re.IGNORECASE)
_REPEAT = re.compile(r"\b(\w+),? \1\b", re.IGNORECASE)
# "that that", "had had" and the like are English.
_FINE_REPEATS = frozenset(
    ("that", "had", "so", "very", "really", "no", "yes", "ha", "bye", "is", "do", "you", "it")
)
_SENTENCE = re.compile(r"[^.!?]+[.!?]+(?:\s+|$)|[^.!?]+$")


def faithful_share(summary: str, entry: str) -> float:
    """Return the share of the summary's words that stand in the entry; 0 for an empty summary."""
    words, known = normalized_words(summary), set(normalized_words(entry))
    return sum(word in known for word in words) / len(words) if words else 0.0


def is_clean(summary: str) -> bool:
    """Tell whether these are complete sentences: cased, ended, without fillers and repeats."""
    sentences = [match[0].strip() for match in _SENTENCE.finditer(summary)]
    repeats = {match[1].lower() for match in _REPEAT.finditer(summary)}
    return (
        bool(sentences)
        and all(s[-1] in ".!?" and (s[0].isupper() or s[0].isdigit()) for s in sentences)
        and not _FILLER.search(summary)
        and repeats <= _FINE_REPEATS
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """Scores of summaries of composites.

    Attributes:
        f1: of choosing emotional sentences, counted over all sentences of all composites.
        precision: likewise.
        recall: likewise.
        faithfulness: share of the summaries' words that stand in their entry.
        clean: share of the summaries that are complete, clean sentences.

    """

    f1: float
    precision: float
    recall: float
    faithfulness: float
    clean: float

    @classmethod
    def of(cls, composites: Sequence[Composite], summaries: Sequence[str]) -> Selection:
        """Judge one summary for each composite."""
        hits = taken = wanted = 0
        for example, summary in zip(composites, summaries, strict=True):
            for sentence, is_wanted in zip(example.sentences, example.chosen, strict=True):
                is_taken = bigram_recall(sentence, summary) >= CHOSEN_OVERLAP
                hits += is_taken and is_wanted
                taken += is_taken
                wanted += is_wanted
        pairs = list(zip(summaries, composites, strict=True))
        return cls(
            f1=2 * hits / max(1, taken + wanted),
            precision=hits / max(1, taken),
            recall=hits / max(1, wanted),
            faithfulness=sum(faithful_share(s, e.entry) for s, e in pairs) / max(1, len(pairs)),
            clean=sum(map(is_clean, summaries)) / max(1, len(pairs)),
        )
