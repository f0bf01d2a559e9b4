"""Input and output types of the summarizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

MAX_SUMMARY_SENTENCES: Final = 10

Focus = Literal["core", "feeling", "gist"]
Method = Literal["generated", "extracted", "verbatim"]
# Tokens of one input of the model, its prefix and end token included.
Tokens: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """An entry to summarize.

    Attributes:
        text: the entry; not blank.
        max_sentences: maximum number of sentences in the summary, 1 to `MAX_SUMMARY_SENTENCES`.
        salience: how much each sentence shows what is felt in the entry, between 0 and 1; None if
            it is not known, and then the focus is "gist".
        focus: sentences to prefer: emotional ones ("feeling"), those that state what the entry is
            about ("gist"), or both ("core").
        sentences: of the text; None to split it (`runners.text.sentences.split_sentences`).

    """

    text: str
    max_sentences: int
    salience: Sequence[float] | None = None
    focus: Focus = "core"
    sentences: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of an entry.

    Attributes:
        text: complete sentences.
        method: "generated": the model wrote every sentence; "extracted": at least one sentence is
            taken from the entry and cleaned by rules, because the model's was not faithful;
            "verbatim": a short entry, unchanged except for disfluencies.
        sources: indices of the entry's sentences that the summary is based on, in order.

    """

    text: str
    method: Method
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PreparedSummary:
    """A request with everything that the model needs.

    Attributes:
        request: the request.
        sentences: of the entry.
        selected: indices of the sentences to summarize with.
        model_inputs: tokens of each input of the model; none for a verbatim summary.

    """

    request: SummaryRequest
    sentences: tuple[str, ...]
    selected: tuple[int, ...]
    model_inputs: tuple[Tokens, ...]
