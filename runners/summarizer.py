"""The emotional core of an entry: its most telling sentences, cleaned up, by a T5 in int8.

The T5 runs on CTranslate2 (https://opennmt.net/CTranslate2/guides/transformers.html#t5) with its
own beam search; torch and transformers are not needed. What it writes is checked against the
entry: if it invents anything, sentences of the entry itself take its place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, Self

import ctranslate2
from tokenizers import Tokenizer

from runners.task import Task
from runners.wording import (
    clean,
    is_degenerate,
    is_in_order,
    is_invented,
    is_negated,
    overlap,
    straighten,
    words_of,
)
from samo.errors import InvalidRequest, ModelFailure
from samo.limits import MAX_SUMMARY_SENTENCES
from samo.sentences import split

# An entry so short is its own core, unless it is a ramble without punctuation.
VERBATIM_SENTENCES: Final = 2
VERBATIM_WORDS: Final = 60
# A sentence of the entry is a source of the summary when so much of it was taken over.
SOURCE_OVERLAP: Final = 0.5
# Below this nothing ties a generated text to a sentence of the entry.
EXTRACT_OVERLAP: Final = 0.2
# A summary has to hold a sentence that feels half as much as the one that feels most.
CORE_SHARE: Final = 0.5
# Each round of a long entry leaves a fraction of its sentences; three are enough for 20,000
# characters.
MAX_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """An entry to summarize.

    Attributes:
        text: the entry; not blank.
        max_sentences: most sentences of the summary, 1 to `MAX_SUMMARY_SENTENCES`.
        salience: how much each sentence of `samo.sentences.split(text)` feels, 0 to 1. A summary
            that leaves out what is felt most is not taken, and salience chooses in its place.

    """

    text: str
    max_sentences: int
    salience: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The emotional core of an entry.

    Attributes:
        text: complete sentences.
        method: "generated" by the model; "extracted", the entry's own sentences where the model
            wrote what the entry does not say; "verbatim", the whole of a short entry.
        sources: which sentences of `samo.sentences.split(entry)` it rests on, in order.

    """

    text: str
    method: Literal["generated", "extracted", "verbatim"]
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PreparedSummary:
    """A request with its sentences and the tokens of its parts (none for a verbatim summary)."""

    request: SummaryRequest
    sentences: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]


class Summarizer:
    """A `Runner` that turns a `SummaryRequest` into a `Summary`."""

    def __init__(self, translator: Any, tokenizer: Tokenizer, task: Task) -> None:
        self._translator = translator
        self._tokenizer = tokenizer
        self.task = task

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Load a CTranslate2 export with its `tokenizer.json` and `samo.json`."""
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        translator = ctranslate2.Translator(
            str(folder), device="cpu", inter_threads=1, intra_threads=threads
        )
        return cls(translator, tokenizer, Task.read(folder))

    def prepare(self, item: SummaryRequest) -> PreparedSummary:
        """Split and encode an entry.

        Raises:
            InvalidRequest: the text is blank, `max_sentences` is out of range, or `salience` has
                not one value a sentence.

        """
        sentences = tuple(sentence.text for sentence in split(item.text))
        if not any(map(words_of, sentences)):
            raise InvalidRequest("The text holds no words: send a journal entry.", field="text")
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
        is_short = (
            len(sentences) <= min(VERBATIM_SENTENCES, item.max_sentences)
            and len(words_of(item.text)) <= VERBATIM_WORDS
        )
        parts = () if is_short else self._parts(sentences, item.max_sentences)
        return PreparedSummary(item, sentences, parts)

    def cost(self, prepared: PreparedSummary) -> int:
        """Tokens that the model reads; 1 for an entry that it need not read."""
        return max(1, sum(map(len, prepared.parts)))

    def predict(self, batch: Sequence[PreparedSummary]) -> list[Summary]:
        """Summarize a batch. Raises `ModelFailure` if an entry can be neither told nor cut."""
        generated = self._generate_within_budget(batch)
        return [
            _checked(prepared, sentences, self.task.least_overlap)
            if prepared.parts
            else _verbatim(prepared)
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
            beam_size=self.task.num_beams,
            max_decoding_length=self.task.max_output_tokens,
            no_repeat_ngram_size=self.task.no_repeat_ngram_size,
            length_penalty=self.task.length_penalty,
            disable_unk=True,
            max_input_length=self.task.max_input_tokens,
        )
        return [self._decoded(result.hypotheses[0]) for result in results]

    def _decoded(self, tokens: Sequence[str]) -> str:
        ids = [self._tokenizer.token_to_id(token) for token in tokens]
        text: str = self._tokenizer.decode([number for number in ids if number is not None])
        return text.strip()

    def _generate_within_budget(self, batch: Sequence[PreparedSummary]) -> list[list[str]]:
        """Sentences that the model chose for each entry.

        The parts of a long entry may yield more than were asked for: what they yield is then
        summarized again, as an entry of its own.
        """
        chosen: list[list[str]] = [[] for _ in batch]
        parts = {place: prepared.parts for place, prepared in enumerate(batch) if prepared.parts}
        for _ in range(MAX_ROUNDS):
            outputs = iter(self.generate([part for group in parts.values() for part in group]))
            for place, group in parts.items():
                texts = [next(outputs) for _ in group]
                chosen[place] = _without_repeats(texts)
            parts = {
                place: self._parts(chosen[place], batch[place].request.max_sentences)
                for place in parts
                if len(chosen[place]) > batch[place].request.max_sentences
            }
            if not parts:
                break
        return [
            sentences[: prepared.request.max_sentences]
            for sentences, prepared in zip(chosen, batch, strict=True)
        ]

    def _parts(self, sentences: Sequence[str], max_sentences: int) -> tuple[tuple[str, ...], ...]:
        """Tokens of the model's inputs: whole sentences, in parts of like length that fit."""
        budget = min(max_sentences, self.task.max_budget)
        prefix = self.task.prefix.format(max_sentences=budget)
        lengths = [len(self._tokenizer.encode(text).ids) for text in sentences]
        room = self.task.max_input_tokens - len(self._tokenizer.encode(prefix).ids)
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
        return tuple(self.encode(prefix + straighten(" ".join(group))) for group in groups)


def _without_repeats(texts: Sequence[str]) -> list[str]:
    """Return the cleaned sentences of the texts, each once."""
    sentences: dict[str, str] = {}
    for text in texts:
        for sentence in split(text):
            cleaned = clean(sentence.text)
            if cleaned:
                sentences.setdefault(" ".join(words_of(cleaned)), cleaned)
    return list(sentences.values())


def _verbatim(prepared: PreparedSummary) -> Summary:
    cleaned = [clean(sentence) for sentence in prepared.sentences]
    kept = tuple(place for place, sentence in enumerate(cleaned) if sentence)
    if not kept:  # nothing but hesitation; it is the entry all the same
        return Summary(prepared.request.text.strip(), "verbatim", (0,))
    return Summary(" ".join(cleaned[place] for place in kept), "verbatim", kept)


def _checked(prepared: PreparedSummary, generated: list[str], least_overlap: float) -> Summary:
    """Take the generated sentences if the entry says them, else sentences of the entry."""
    text = " ".join(generated)
    overlaps = [overlap(sentence, text) for sentence in prepared.sentences]
    sources = tuple(place for place, share in enumerate(overlaps) if share >= SOURCE_OVERLAP)
    if (
        not is_degenerate(text)
        and all(_is_said(sentence, prepared, least_overlap) for sentence in generated)
        and _feels_enough(sources, prepared.request.salience)
    ):
        return Summary(text, "generated", sources)
    if prepared.request.salience is not None:
        return _most_salient(prepared, prepared.request.salience)
    return _extracted(prepared, overlaps, EXTRACT_OVERLAP, max(1, len(generated)))


def _feels_enough(sources: Sequence[int], salience: Sequence[float] | None) -> bool:
    """Tell whether a summary of these sentences holds the feeling of the entry."""
    if salience is None:
        return True
    return max((salience[place] for place in sources), default=0.0) >= CORE_SHARE * max(salience)


def _most_salient(prepared: PreparedSummary, salience: Sequence[float]) -> Summary:
    """Take the entry's sentences that feel most, and no others for the number's sake."""
    floor = CORE_SHARE * max(salience)
    return _extracted(prepared, salience, floor, prepared.request.max_sentences)


def _is_said(sentence: str, prepared: PreparedSummary, least_overlap: float) -> bool:
    """Tell whether the entry has the sentence's content words, and one sentence its sense.

    Words that all stand in the entry can still be spliced from two sentences, or lose a "not".
    """
    if is_invented(sentence, prepared.request.text):
        return False
    # A ramble without punctuation is cut anywhere, so neighbours count as one as well.
    own = [*prepared.sentences, *map(" ".join, pairwise(prepared.sentences))]
    nearest = max(own, key=lambda said: overlap(sentence, said))
    if least_overlap and not (
        is_in_order(sentence, nearest) and overlap(sentence, nearest) >= least_overlap
    ):
        return False
    is_whole = nearest in prepared.sentences and nearest.endswith((".", "!", "?", "…"))
    if is_whole and overlap(clean(nearest), sentence) < least_overlap:
        return False  # it breaks off
    # In a ramble without punctuation the "sentence" holds many, and so maybe a negation of theirs.
    return is_negated(nearest) == is_negated(sentence) or len(words_of(nearest)) > VERBATIM_WORDS


def _extracted(
    prepared: PreparedSummary, scores: Sequence[float], floor: float, number: int
) -> Summary:
    """Take the sentences of the entry with the highest scores, none below `floor`."""
    if max(scores) < floor:
        raise ModelFailure("The summarizer's output is tied to no sentence of the entry.")
    best = sorted(range(len(scores)), key=lambda place: -scores[place])
    limit = min(number, prepared.request.max_sentences)
    cleaned: dict[str, int] = {}
    for place in best:
        if scores[place] >= floor:
            cleaned.setdefault(clean(prepared.sentences[place]), place)
    cleaned.pop("", None)
    if not cleaned:
        raise ModelFailure("The summarizer chose nothing but hesitation.")
    kept = sorted(list(cleaned.items())[:limit], key=lambda item: item[1])
    return Summary(
        " ".join(text for text, _ in kept), "extracted", tuple(place for _, place in kept)
    )
