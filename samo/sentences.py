"""Split an entry into sentences with their character spans.

The splitting is Wikimedia's `sentencex`; added are the breaks that diaries have and encyclopedias
lack: a new line ends a sentence, so do "?!" and "..." before a capital; a ramble without any
punctuation is cut where a new clause begins ("and then I", "but she"), and at the last between
words, so that no sentence outgrows the classifier's input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sentencex import get_sentence_boundaries

MAX_SENTENCE_CHARACTERS: Final = 400
# So many words without any punctuation were spoken, or typed in a hurry.
RAMBLE_WORDS: Final = 16
# Fewer words tell too little by themselves.
CLAUSE_WORDS: Final = 5

_BREAK_WITHIN: Final = re.compile(
    r"""
    \n                                              # a line of its own
    | (?: (?<=[!?]{2}) | (?<=\.{3}) | (?<=…) | (?<=[!?.]["”’)]) )
      \s+ (?=[A-Z"“‘(])                             # "?! Then", "... Then", ".” Then"
    """,
    re.VERBOSE,
)
_PUNCTUATION: Final = re.compile(r"[.!?…,;:]")
_CLAUSE: Final = re.compile(
    r"""
    (\S+) \s+ (?=
      (?: and | but | so | then ) (?: \s+ (?: then | so | now | when | today | later ) )?
      \s+ (?: i | i[’']?(?:m|ve|d|ll) | we | you | he | she | it | they | there | my | our | the
           | this | today | tomorrow | yesterday | now | everyone | everything | nobody ) \b
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
# "I" begins a clause, unless the word before it does or takes it for an object ("I think I").
_BARE_I: Final = re.compile(r"(\S+)\s+(?=i\b)", re.IGNORECASE)
_SUBORDINATORS: Final = """
and but so then that because cause when while if as than what how who whom which where why until
till before after since though although unless once whenever whether or like think thought thinks
know knew guess wish hope hoped say said says told feel felt believe mean sure glad sorry afraid now
today yesterday tomorrow later everything anything something nothing all everyone anyone moment
time day way
"""
_BEFORE_I: Final = frozenset(_SUBORDINATORS.split())


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
        yield from _clauses(entry, start, match.start())
        start = match.end()
    yield from _clauses(entry, start, end)


def _clauses(entry: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a ramble before the words that begin a clause; anything else stays in one piece."""
    text = entry[start:end]
    if len(text.split()) < RAMBLE_WORDS or _PUNCTUATION.search(text):
        yield start, end
        return
    begins = {
        match.end()
        for match in _CLAUSE.finditer(entry, start, end)
        if match[1].lower() not in {"and", "but", "so"}  # "but then I" begins with "but"
    }
    for match in _BARE_I.finditer(entry, start, end):
        if match[1].lower() not in _BEFORE_I:
            begins.add(match.end())
    for begin in sorted(begins):
        before, after = entry[start:begin], entry[begin:end]
        if min(len(before.split()), len(after.split())) >= CLAUSE_WORDS:
            yield start, begin
            start = begin
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
