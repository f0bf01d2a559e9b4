"""The runner that summarizes an entry in a few sentences.

`selection` selects sentences by salience. Depending on the checkpoint, the T5 then rewrites the
selected sentences or summarizes the entire entry (`strategies`). `faithfulness` compares the
output with the entry and falls back to sentences of the entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from runners.base import Runner
from runners.errors import InvalidRequest
from runners.summarizer.faithfulness import verbatim
from runners.summarizer.selection import add_list_items, select_sentences
from runners.summarizer.strategies import create_strategy
from runners.summarizer.summary import (
    MAX_SUMMARY_SENTENCES,
    PreparedSummary,
    Summary,
    SummaryRequest,
)
from runners.summarizer.t5 import T5
from runners.text.compare import normalized_words
from runners.text.sentences import split_sentences

# An entry of at most this many sentences and words is returned verbatim. The bound on words
# excludes long texts without punctuation, which count as one sentence.
MAX_VERBATIM_SENTENCES: Final = 2
MAX_VERBATIM_WORDS: Final = 60


class Summarizer(Runner[SummaryRequest, PreparedSummary, Summary]):
    """Summarizes entries with a T5."""

    def __init__(self, t5: T5) -> None:
        self.t5 = t5
        self._strategy = create_strategy(t5)

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Load a CTranslate2 export with its `tokenizer.json` and `samo.json`."""
        return cls(T5.load(folder, threads=threads))

    def prepare(self, item: SummaryRequest) -> PreparedSummary:
        """Split an entry, select sentences, and encode the model's inputs.

        Raises:
            InvalidRequest: the text is blank, `max_sentences` is out of range, or `salience` does
                not have one value per sentence.

        """
        sentences = item.sentences
        if sentences is None:
            sentences = tuple(sentence.text for sentence in split_sentences(item.text))
        _check(item, sentences)
        if (
            len(sentences) <= min(MAX_VERBATIM_SENTENCES, item.max_sentences)
            and len(normalized_words(item.text)) <= MAX_VERBATIM_WORDS
        ):
            return PreparedSummary(item, sentences, tuple(range(len(sentences))), ())
        selected = select_sentences(sentences, item.max_sentences, item.salience, item.focus)
        selected = add_list_items(sentences, selected)
        inputs = self._strategy.model_inputs(sentences, selected, item.max_sentences)
        return PreparedSummary(item, sentences, selected, inputs)

    def cost(self, prepared: PreparedSummary) -> int:
        """Number of tokens of the model's inputs; 1 for a verbatim summary."""
        return max(1, sum(map(len, prepared.model_inputs)))

    def predict(self, batch: Sequence[PreparedSummary]) -> list[Summary]:
        """Summarize a batch."""
        summaries = iter(self._strategy.summarize([one for one in batch if one.model_inputs]))
        return [next(summaries) if one.model_inputs else verbatim(one) for one in batch]

    def warm_up(self) -> None:
        """Summarize a short entry, so that the first request finds memory allocated."""
        text = "I had lunch at noon. I was so happy when my sister called. Then I went home."
        self.predict([self.prepare(SummaryRequest(text, 1))])


def _check(request: SummaryRequest, sentences: Sequence[str]) -> None:
    if not sentences:
        raise InvalidRequest("The text is empty: send a journal entry.", field="text")
    if not 1 <= request.max_sentences <= MAX_SUMMARY_SENTENCES:
        raise InvalidRequest(
            f"Ask for 1 to {MAX_SUMMARY_SENTENCES} sentences.", field="max_sentences"
        )
    if request.salience is not None and len(request.salience) != len(sentences):
        raise InvalidRequest(
            "Send one salience value for each sentence of the text.",
            field="salience",
            sentences=len(sentences),
        )
