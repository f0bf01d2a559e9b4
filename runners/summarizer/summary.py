"""What goes into a summarizer and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

MAX_SUMMARY_SENTENCES: Final = 10

Focus = Literal["core", "feeling", "gist"]
Method = Literal["generated", "extracted", "verbatim"]


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """An entry to summarize.

    Attributes:
        text: the entry; not blank.
        max_sentences: most sentences of the summary, 1 to `MAX_SUMMARY_SENTENCES`.
        salience: how much each sentence of `samo.sentences.split(text)` feels, 0 to 1. None where
            that is not known: then the gist is kept.
        focus: what to keep: what is felt, what it is about ("gist"), or both ("core").
        sentences: of the text, where it has been split already.

    """

    text: str
    max_sentences: int
    salience: Sequence[float] | None = None
    focus: Focus = "core"
    sentences: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The core of an entry.

    Attributes:
        text: complete sentences.
        method: "generated": every sentence as the model wrote it; "extracted": one or more are the
            entry's own, cleaned by rule, where the model's were not faithful; "verbatim": the
            whole of a short entry.
        sources: which sentences of `samo.sentences.split(entry)` it rests on, in order.

    """

    text: str
    method: Method
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PreparedSummary:
    """A request ready for the model.

    Attributes:
        request: as it was asked.
        sentences: of the entry.
        selected: which of them are to be told; all of them where the model chooses.
        parts: tokens of each of the model's inputs; none for a verbatim summary.

    """

    request: SummaryRequest
    sentences: tuple[str, ...]
    selected: tuple[int, ...]
    parts: tuple[tuple[str, ...], ...]
