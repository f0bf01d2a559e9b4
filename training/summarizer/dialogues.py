"""ROUGE of summaries of DialogSum's dev dialogues, and of diaries.

Dialogues are not journals, and their summaries rephrase, which extracted sentences cannot match.
The figures are for the comparison with other extractive methods. Only the odd dialogues are
evaluated, but the weights in `runners.summarizer.selection` were chosen with all of them in view.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rouge_score.rouge_scorer import RougeScorer

from training.corpora import Dialogue, read_dialogsum

KINDS = ("rouge1", "rouge2", "rougeL")


def load_dialogues(data: Path) -> list[Dialogue]:
    """Load the odd dialogues of DialogSum's dev split."""
    return read_dialogsum(data)[1::2]


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
