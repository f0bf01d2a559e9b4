"""ROUGE on DialogSum's dev dialogues (Chen et al., 2021): how well the gist is told.

Dialogues are no journals, and their summaries rephrase; sentences taken from a text cannot come
near those. What counts is the distance to other ways of taking sentences. The odd dialogues are
measured; but the weights of `runners.summarizer.selection` were picked with all of them in sight.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rouge_score.rouge_scorer import RougeScorer

KINDS = ("rouge1", "rouge2", "rougeL")


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A dialogue, a turn a line, and its summary by a person."""

    text: str
    summary: str


def load_dialogues(path: Path) -> list[Dialogue]:
    """Read the odd dialogues of `dialogsum.dev.jsonl`. Raises `FileNotFoundError`."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Dialogue(row["dialogue"], row["summary"]) for row in rows[1::2]]


def rouge(dialogues: Sequence[Dialogue], summaries: Sequence[str]) -> dict[str, float]:
    """Mean F1 of ROUGE-1, -2 and -L (Lin, 2004), stemmed, 0 to 100, and mean words a summary."""
    scorer = RougeScorer(list(KINDS), use_stemmer=True)
    scores = [
        scorer.score(dialogue.summary, summary)
        for dialogue, summary in zip(dialogues, summaries, strict=True)
    ]
    means = {
        kind: 100 * sum(score[kind].fmeasure for score in scores) / len(scores) for kind in KINDS
    }
    return means | {"words": sum(len(summary.split()) for summary in summaries) / len(summaries)}


def cut(texts: Sequence[str], like: Sequence[str]) -> list[str]:
    """Cut each text to the number of words of its counterpart in `like`."""
    return [
        " ".join(text.split()[: len(other.split())])
        for text, other in zip(texts, like, strict=True)
    ]
