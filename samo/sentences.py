"""Split an entry into sentences with their character spans.

The splitting is Wikimedia's `sentencex`; added are the breaks that diaries have and encyclopedias
lack: a new line ends a sentence, so do "?!" and "..." before a capital, and a ramble without any
punctuation is cut between words, so that no sentence outgrows the classifier's input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sentencex import get_sentence_boundaries

MAX_SENTENCE_CHARACTERS: Final = 400

_BREAK_WITHIN: Final = re.compile(
    r"""
    \n                                              # a line of its own
    | (?: (?<=[!?]{2}) | (?<=\.{3}) | (?<=…) | (?<=[!?.]["”’)]) )
      \s+ (?=[A-Z"“‘(])                             # "?! Then", "... Then", ".” Then"
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence; `text == entry[start:end]`, in Unicode code points, without outer spaces."""

    text: str
    start: int
    end: int


def split(entry: str) -> list[Sentence]:
    """Return the sentences of `entry` in order; white space between them belongs to none."""
    sentences: list[Sentence] = []
    for boundary in get_sentence_boundaries("en", entry):
        for start, end in _break(entry, boundary["start_index"], boundary["end_index"]):
            sentences.extend(_cut(entry, start, end))
    return sentences


def _break(entry: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for match in _BREAK_WITHIN.finditer(entry, start, end):
        yield start, match.start()
        start = match.end()
    yield start, end


def _cut(entry: str, start: int, end: int) -> Iterator[Sentence]:
    """Strip a span and cut it where it is too long, at the last comma or space that fits."""
    while start < end and entry[start].isspace():
        start += 1
    while end > start and entry[end - 1].isspace():
        end -= 1
    while end - start > MAX_SENTENCE_CHARACTERS:
        limit = start + MAX_SENTENCE_CHARACTERS
        cut = max(entry.rfind(", ", start + MAX_SENTENCE_CHARACTERS // 2, limit) + 1, 0)
        cut = cut or entry.rfind(" ", start + 1, limit)
        cut = cut if cut > start else limit
        yield Sentence(entry[start:cut], start, cut)
        start = cut
        while start < end and entry[start].isspace():
            start += 1
    if start < end:
        yield Sentence(entry[start:end], start, end)
