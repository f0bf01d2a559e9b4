"""Faithfulness of explanations by ERASER (DeYoung et al., 2020, https://arxiv.org/abs/1911.03429).

The words of a text are ranked by their weight for a decided emotion. The top fifth is the rationale
r of the text x, and p is the probability of the emotion:

- comprehensiveness, p(x) - p(x without r): high if r contains the words that decide;
- sufficiency, p(x) - p(r only): low if r is enough to decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from tokenizers import Tokenizer

from runners.emotion.calibration import Probabilities
from runners.emotion.classifier import EmotionClassifier, OccludedText, TokenIds
from runners.emotion.prediction import NEUTRAL
from samo.insight.entry import split_text
from samo.insight.words import TextWord, split_words
from training.arrays import Array

# How words are erased: replaced by the mask token, deleted, or replaced by the unknown token.
Erasure = Literal["mask", "deletion", "unknown"]

ERASURES: Final[tuple[Erasure, ...]] = ("mask", "deletion", "unknown")
RATIONALE_SHARE: Final = 0.2
# A fifth of the words is then at least one word, and not all of them.
MIN_WORDS: Final = 5
BATCH_TOKENS: Final = 1024
RESAMPLES: Final = 2000


class Eraser:
    """Erases words of a text on the level of token ids."""

    def __init__(self, classifier: EmotionClassifier, tokenizer: Tokenizer) -> None:
        self.classifier = classifier
        self._unknown_id = int(tokenizer.token_to_id(tokenizer.model.unk_token))

    def erase(self, text: str, words: Sequence[TextWord], erasure: Erasure) -> TokenIds:
        """Token ids of `text` without `words`, of shape (tokens,)."""
        spans = tuple((word.start, word.end) for word in words)
        ids: TokenIds = self.classifier.prepare(OccludedText(text, spans))
        is_erased = ids == self.classifier.mask_id  # a text has no mask token of its own
        if erasure == "deletion":
            kept: TokenIds = ids[~is_erased]
            return kept
        if erasure == "unknown":
            ids[is_erased] = self._unknown_id
        return ids


@dataclass(frozen=True)
class ExplainedText:
    """A text, its words, the indices of the decided labels except neutral, and its outputs."""

    text: str
    words: list[TextWord]
    decided: list[int]
    probabilities: Probabilities


def find_texts(
    classifier: EmotionClassifier, texts: Sequence[str], number: int
) -> list[ExplainedText]:
    """Return the first `number` texts with an emotion and at least `MIN_WORDS` words."""
    found: list[ExplainedText] = []
    for explained in _emotional_texts(classifier, texts):
        found.append(explained)
        if len(found) == number:
            break
    return found


def _emotional_texts(
    classifier: EmotionClassifier, texts: Sequence[str]
) -> Iterator[ExplainedText]:
    labels = classifier.calibration.labels
    for text in texts:
        passages = split_text(text).texts
        words = split_words(passages[0]) if len(passages) == 1 else []
        if len(words) < MIN_WORDS:
            continue
        (row,) = classifier.predict([classifier.prepare(passages[0])])
        names = [emotion.name for emotion in classifier.calibration.decide(row)]
        if names != [NEUTRAL]:
            decided = [labels.index(name) for name in names if name != NEUTRAL]
            yield ExplainedText(passages[0], words, decided, row)


def classify_tokens(classifier: EmotionClassifier, batch: Sequence[TokenIds]) -> Array:
    """Probabilities in the order of `batch`, of shape (texts, outputs).

    Texts of similar length are computed together, as the batcher does.
    """
    rows: list[Probabilities] = [np.empty(0, np.float32)] * len(batch)
    order = sorted(range(len(batch)), key=lambda index: len(batch[index]))
    while order:
        part = [order.pop()]
        longest = len(batch[part[0]])
        while order and (len(part) + 1) * longest <= BATCH_TOKENS:
            part.append(order.pop())
        for index, row in zip(part, classifier.predict([batch[i] for i in part]), strict=True):
            rows[index] = row
    return np.stack(rows)


def occlusion_weights(eraser: Eraser, explained: ExplainedText, erasure: Erasure) -> Array:
    """Drop of each output's probability without each word, of shape (words, outputs)."""
    variants = [eraser.erase(explained.text, [word], erasure) for word in explained.words]
    rows = classify_tokens(eraser.classifier, variants)
    return explained.probabilities.astype(np.float64) - rows


def faithfulness(eraser: Eraser, explained: ExplainedText, weights: Array) -> Array:
    """Comprehensiveness and sufficiency of a ranking, of shape (labels decided, 2, erasures).

    `weights` has shape (words, outputs); the words are ranked by them.
    """
    size = max(1, round(RATIONALE_SHARE * len(explained.words)))
    variants: list[TokenIds] = []
    for label in explained.decided:
        top = set(np.argsort(-weights[:, label], kind="stable")[:size].tolist())
        rationale = [word for index, word in enumerate(explained.words) if index in top]
        rest = [word for index, word in enumerate(explained.words) if index not in top]
        variants += [
            eraser.erase(explained.text, words, erasure)
            for words in (rationale, rest)
            for erasure in ERASURES
        ]
    rows = classify_tokens(eraser.classifier, variants).reshape(
        len(explained.decided), 2, len(ERASURES), -1
    )
    return np.stack(
        [
            explained.probabilities[label] - rows[number, :, :, label].astype(np.float64)
            for number, label in enumerate(explained.decided)
        ]
    )


def confidence_interval(differences: Array, rng: np.random.Generator) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of paired differences, of shape (texts,)."""
    picks = rng.integers(len(differences), size=(RESAMPLES, len(differences)))
    low, high = np.percentile(differences[picks].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)
