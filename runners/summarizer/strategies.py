"""The two ways in which a T5 checkpoint contributes to a summary."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Protocol

from runners.summarizer.faithfulness import faithful_abstract, faithful_rewrite
from runners.summarizer.summary import PreparedSummary, Summary, Tokens
from runners.summarizer.t5 import T5
from runners.text.cleaning import normalize_quotes, remove_disfluencies
from runners.text.compare import normalized_words
from runners.text.sentences import split_sentences

# A long entry is summarized again until its summary is short enough. Each round shortens it by a
# multiple; three are enough for 20,000 characters.
MAX_ROUNDS: Final = 3


class Strategy(Protocol):
    """Builds the model's inputs for an entry, and a summary from its outputs."""

    def model_inputs(
        self, sentences: Sequence[str], selected: Sequence[int], max_sentences: int
    ) -> tuple[Tokens, ...]:
        """Return the inputs for an entry of `sentences`; `selected` are indices of them."""
        ...

    def summarize(self, batch: Sequence[PreparedSummary]) -> list[Summary]:
        """Run the model on entries that have model inputs; summaries are in the same order."""
        ...


class SentenceRewriting(Strategy):
    """The T5 rewrites each selected sentence, without disfluencies and with punctuation."""

    def __init__(self, t5: T5) -> None:
        self._t5 = t5

    def model_inputs(
        self, sentences: Sequence[str], selected: Sequence[int], max_sentences: int
    ) -> tuple[Tokens, ...]:
        """Return one input per selected sentence."""
        prefix = self._t5.config.prefix
        return tuple(
            self._t5.encode(prefix + normalize_quotes(sentences[index])) for index in selected
        )

    def summarize(self, batch: Sequence[PreparedSummary]) -> list[Summary]:
        """Rewrite the selected sentences of all entries at once."""
        outputs = iter(self._t5.generate([tokens for one in batch for tokens in one.model_inputs]))
        return [faithful_rewrite(one, [next(outputs) for _ in one.model_inputs]) for one in batch]


class EntrySummarization(Strategy):
    """The T5 summarizes the entire entry; the selected sentences are the fallback."""

    def __init__(self, t5: T5) -> None:
        self._t5 = t5

    def model_inputs(
        self, sentences: Sequence[str], selected: Sequence[int], max_sentences: int
    ) -> tuple[Tokens, ...]:
        """Return the entry as inputs of similar length that fit the model."""
        return self._inputs(sentences, max_sentences)

    def summarize(self, batch: Sequence[PreparedSummary]) -> list[Summary]:
        """Summarize all entries at once."""
        min_overlap = self._t5.config.min_overlap
        return [
            faithful_abstract(one, sentences, min_overlap)
            for one, sentences in zip(batch, self._generate(batch), strict=True)
        ]

    def _generate(self, batch: Sequence[PreparedSummary]) -> list[list[str]]:
        """Return the sentences that the model generates for each entry.

        The inputs of a long entry may yield more than `max_sentences`. Their output is then
        summarized again.
        """
        generated: list[list[str]] = [[] for _ in batch]
        pending = {index: one.model_inputs for index, one in enumerate(batch)}
        for _ in range(MAX_ROUNDS):
            inputs = [tokens for group in pending.values() for tokens in group]
            outputs = iter(self._t5.generate(inputs))
            for index, group in pending.items():
                generated[index] = _distinct_sentences([next(outputs) for _ in group])
            pending = {
                index: self._inputs(generated[index], batch[index].request.max_sentences)
                for index in pending
                if len(generated[index]) > batch[index].request.max_sentences
            }
            if not pending:
                break
        return [
            sentences[: one.request.max_sentences]
            for sentences, one in zip(generated, batch, strict=True)
        ]

    def _inputs(self, sentences: Sequence[str], max_sentences: int) -> tuple[Tokens, ...]:
        config = self._t5.config
        prefix = config.prefix.format(
            max_sentences=min(max_sentences, config.max_trained_sentences)
        )
        lengths = [len(self._t5.encode(text)) for text in sentences]
        room = config.max_input_tokens - len(self._t5.encode(prefix))
        even = math.ceil(sum(lengths) / math.ceil(sum(lengths) / room))
        capacity = min(room, even + max(lengths) // 2)
        groups: list[list[str]] = [[]]
        used = 0
        for text, length in zip(sentences, lengths, strict=True):
            if groups[-1] and used + length > capacity:
                groups.append([])
                used = 0
            groups[-1].append(text)
            used += length
        return tuple(
            self._t5.encode(prefix + normalize_quotes(" ".join(group))) for group in groups
        )


def create_strategy(t5: T5) -> Strategy:
    """Return the strategy that the checkpoint was trained for."""
    if t5.config.input_unit == "sentences":
        return SentenceRewriting(t5)
    return EntrySummarization(t5)


def _distinct_sentences(texts: Sequence[str]) -> list[str]:
    """Return the sentences of the texts without disfluencies and duplicates."""
    sentences: dict[str, str] = {}
    for text in texts:
        for sentence in split_sentences(text):
            cleaned = remove_disfluencies(sentence.text)
            if cleaned:
                sentences.setdefault(" ".join(normalized_words(cleaned)), cleaned)
    return list(sentences.values())
