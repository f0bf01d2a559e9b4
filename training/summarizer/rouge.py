"""ROUGE of summaries, and the beginning of a text as a baseline of the same length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import DefaultTokenizer

KINDS = ("rouge1", "rouge2", "rougeL")
_TOKENIZER = DefaultTokenizer(use_stemmer=True)


class Rouge1:
    """F1 of ROUGE-1 with one reference, stemmed; faster than `RougeScorer` for many summaries."""

    def __init__(self, reference: str) -> None:
        self._reference = Counter(_TOKENIZER.tokenize(reference))

    def f1(self, summary: str) -> float:
        """Score one summary, 0 to 1."""
        words = Counter(_TOKENIZER.tokenize(summary))
        total = words.total() + self._reference.total()
        return 2 * (words & self._reference).total() / total if total else 0.0


def rouge(references: Sequence[str], summaries: Sequence[str]) -> dict[str, float]:
    """Mean F1 of ROUGE-1, -2 and -L (Lin, 2004), stemmed, 0 to 100, and mean words per summary."""
    scorer = RougeScorer(list(KINDS), use_stemmer=True)
    scores = [
        scorer.score(reference, summary)
        for reference, summary in zip(references, summaries, strict=True)
    ]
    means = {
        kind: 100 * sum(score[kind].fmeasure for score in scores) / len(scores) for kind in KINDS
    }
    return means | {"words": sum(len(summary.split()) for summary in summaries) / len(summaries)}


def truncate_words(texts: Sequence[str], lengths_of: Sequence[str]) -> list[str]:
    """Truncate each text to the number of words of its counterpart in `lengths_of`."""
    return [
        " ".join(text.split()[: len(other.split())])
        for text, other in zip(texts, lengths_of, strict=True)
    ]
