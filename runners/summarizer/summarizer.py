"""The emotional core of an entry in a few sentences, by choice and by a T5 in int8.

`selection` chooses sentences by how much is felt in them; the T5 shortens each. A checkpoint that
summarizes whole texts reads the whole entry instead. The T5 runs on CTranslate2
(https://opennmt.net/CTranslate2/guides/transformers.html#t5); torch and transformers are not
needed. `faithfulness` checks its output against the entry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import ctranslate2
from tokenizers import Tokenizer

from runners.errors import InvalidRequest
from runners.summarizer.config import SummarizerConfig
from runners.summarizer.faithfulness import condensed, rewritten, verbatim
from runners.summarizer.selection import add_list_items, select_sentences
from runners.summarizer.summary import (
    MAX_SUMMARY_SENTENCES,
    PreparedSummary,
    Summary,
    SummaryRequest,
)
from runners.text.compare import normalize_quotes, normalized_words, remove_disfluencies
from runners.text.sentences import split_sentences

# An entry so short is its own core, unless it is a ramble without punctuation.
VERBATIM_SENTENCES: Final = 2
VERBATIM_WORDS: Final = 60
# Each round of a long entry leaves a fraction of its sentences; three are enough for 20,000
# characters.
MAX_ROUNDS: Final = 3


class Summarizer:
    """A `Runner` that turns a `SummaryRequest` into a `Summary`."""

    def __init__(self, translator: Any, tokenizer: Tokenizer, config: SummarizerConfig) -> None:
        self._translator = translator
        self._tokenizer = tokenizer
        self.config = config

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Load a CTranslate2 export with its `tokenizer.json` and `samo.json`."""
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        translator = ctranslate2.Translator(
            str(folder), device="cpu", inter_threads=1, intra_threads=threads
        )
        return cls(translator, tokenizer, SummarizerConfig.read(folder))

    def prepare(self, item: SummaryRequest) -> PreparedSummary:
        """Split an entry, choose what is told, and encode it.

        Raises:
            InvalidRequest: the text is blank, `max_sentences` is out of range, or `salience` has
                not one value a sentence.

        """
        sentences = item.sentences
        if sentences is None:
            sentences = tuple(sentence.text for sentence in split_sentences(item.text))
        if not sentences:
            raise InvalidRequest("The text is empty: send a journal entry.", field="text")
        if not 1 <= item.max_sentences <= MAX_SUMMARY_SENTENCES:
            raise InvalidRequest(
                f"Ask for 1 to {MAX_SUMMARY_SENTENCES} sentences.", field="max_sentences"
            )
        if item.salience is not None and len(item.salience) != len(sentences):
            raise InvalidRequest(
                "Give one value for each sentence of the text.",
                field="salience",
                sentences=len(sentences),
            )
        if (
            len(sentences) <= min(VERBATIM_SENTENCES, item.max_sentences)
            and len(normalized_words(item.text)) <= VERBATIM_WORDS
        ):
            return PreparedSummary(item, sentences, tuple(range(len(sentences))), ())
        chosen = select_sentences(sentences, item.max_sentences, item.salience, item.focus)
        chosen = add_list_items(sentences, chosen, item.max_sentences)
        if self.config.reads == "sentences":
            parts = tuple(
                self.encode(self.config.prefix + normalize_quotes(sentences[place]))
                for place in chosen
            )
        else:
            parts = self._parts(sentences, item.max_sentences)
        return PreparedSummary(item, sentences, chosen, parts)

    def cost(self, prepared: PreparedSummary) -> int:
        """Tokens that the model reads; 1 for an entry that it need not read."""
        return max(1, sum(map(len, prepared.parts)))

    def predict(self, batch: Sequence[PreparedSummary]) -> list[Summary]:
        """Summarize a batch."""
        if self.config.reads == "sentences":
            outputs = iter(self.generate([part for prepared in batch for part in prepared.parts]))
            return [
                rewritten(prepared, [next(outputs) for _ in prepared.parts])
                if prepared.parts
                else verbatim(prepared)
                for prepared in batch
            ]
        generated = self._generate_within_budget(batch)
        return [
            condensed(prepared, sentences, self.config.least_overlap)
            if prepared.parts
            else verbatim(prepared)
            for prepared, sentences in zip(batch, generated, strict=True)
        ]

    def warm_up(self) -> None:
        """Summarize a short entry, so that the first real one finds memory and kernels ready."""
        text = "I had lunch at noon. I was so happy when my sister called. Then I went home."
        self.predict([self.prepare(SummaryRequest(text, 1))])

    def encode(self, text: str) -> tuple[str, ...]:
        """Return the tokens of `text`, which brings its prefix, with the model's end token."""
        return tuple(self._tokenizer.encode(text).tokens)

    def generate(self, parts: Sequence[Sequence[str]]) -> list[str]:
        """Return the model's bare, unchecked output for `PreparedSummary.parts`."""
        if not parts:
            return []
        results = self._translator.translate_batch(
            [list(part) for part in parts],
            beam_size=self.config.num_beams,
            max_decoding_length=self.config.max_output_tokens,
            no_repeat_ngram_size=self.config.no_repeat_ngram_size,
            length_penalty=self.config.length_penalty,
            disable_unk=True,
            max_input_length=self.config.max_input_tokens,
        )
        return [self._decoded(result.hypotheses[0]) for result in results]

    def _decoded(self, tokens: Sequence[str]) -> str:
        ids = [self._tokenizer.token_to_id(token) for token in tokens]
        text: str = self._tokenizer.decode([number for number in ids if number is not None])
        return text.strip()

    def _generate_within_budget(self, batch: Sequence[PreparedSummary]) -> list[list[str]]:
        """Sentences that the model made of each entry.

        The parts of a long entry may yield more than were asked for: what they yield is then
        summarized again, as an entry of its own.
        """
        told: list[list[str]] = [[] for _ in batch]
        parts = {place: prepared.parts for place, prepared in enumerate(batch) if prepared.parts}
        for _ in range(MAX_ROUNDS):
            outputs = iter(self.generate([part for group in parts.values() for part in group]))
            for place, group in parts.items():
                told[place] = _without_repeats([next(outputs) for _ in group])
            parts = {
                place: self._parts(told[place], batch[place].request.max_sentences)
                for place in parts
                if len(told[place]) > batch[place].request.max_sentences
            }
            if not parts:
                break
        return [
            sentences[: prepared.request.max_sentences]
            for sentences, prepared in zip(told, batch, strict=True)
        ]

    def _parts(self, sentences: Sequence[str], max_sentences: int) -> tuple[tuple[str, ...], ...]:
        """Tokens of the model's inputs: whole sentences, in parts of like length that fit."""
        budget = min(max_sentences, self.config.max_budget)
        prefix = self.config.prefix.format(max_sentences=budget)
        lengths = [len(self._tokenizer.encode(text).ids) for text in sentences]
        room = self.config.max_input_tokens - len(self._tokenizer.encode(prefix).ids)
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
        return tuple(self.encode(prefix + normalize_quotes(" ".join(group))) for group in groups)


def _without_repeats(texts: Sequence[str]) -> list[str]:
    """Return the cleaned sentences of the texts, each once."""
    sentences: dict[str, str] = {}
    for text in texts:
        for sentence in split_sentences(text):
            cleaned = remove_disfluencies(sentence.text)
            if cleaned:
                sentences.setdefault(" ".join(normalized_words(cleaned)), cleaned)
    return list(sentences.values())
