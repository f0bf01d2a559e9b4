"""Split an entry into sentences with their character spans.

`lines` decides on line breaks, `boundaries` on ends of sentences. Added here: a text without any
punctuation is cut where a new clause begins ("and then I", "but she"), and what is
longer than the classifier reads is cut between words. The work is linear in the entry's length:
each step sees windows of bounded length.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from runners.text.boundaries import sentence_starts
from runners.text.emoticons import may_hold_symbols, symbols_in
from runners.text.lines import text_blocks

# A sentence's width: its characters, where an emoji counts as the words that it is read as. No
# sentence is wider, so that none has more tokens than the classifier reads.
MAX_SENTENCE_CHARACTERS: Final = 400
SYMBOL_WIDTH: Final = 12
# Korean syllables are read as up to three letters, a token each.
HANGUL_WIDTH: Final = 3
# `sentencex` takes quadratic time over some texts, so it sees no more than this at a time.
WINDOW_CHARACTERS: Final = 1_500
# So many words without any punctuation were spoken, or typed in a hurry.
RAMBLE_WORDS: Final = 16
# Fewer words tell too little by themselves.
CLAUSE_WORDS: Final = 5

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
_WORD: Final = re.compile(r"\S+")
_HANGUL: Final = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
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


def split_sentences(entry: str) -> list[Sentence]:
    """Return the sentences of `entry` in order; white space between them belongs to none."""
    is_plain = entry.isascii() and not may_hold_symbols(entry)  # a character is as wide as one
    return [
        sentence
        for start, end in text_blocks(entry)
        for begin, stop in _sentences(entry, start, end)
        for clause in _clauses(entry, begin, stop)
        for sentence in _cut(entry, *clause, is_plain=is_plain)
    ]


def token_upper_bound(text: str) -> int:
    """Characters of `text`, more for those that are read as several: at least its tokens."""
    symbols = sum(1 for _ in symbols_in(text))
    hangul = 0 if text.isascii() else len(_HANGUL.findall(text))
    return len(text) + (SYMBOL_WIDTH - 1) * symbols + (HANGUL_WIDTH - 1) * hangul


def _sentences(entry: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Sentences of a block, from windows; the last of a window begins the next one."""
    while end - start > WINDOW_CHARACTERS:
        stop = start + WINDOW_CHARACTERS
        starts = sentence_starts(entry[start:stop])
        while starts and starts[-1] > WINDOW_CHARACTERS - 40:  # a word may be cut in two
            starts.pop()
        if not starts:
            space = _last_space(entry, start + WINDOW_CHARACTERS // 2, stop)
            starts = [(space or stop) - start]
        for here, there in zip([0, *starts], starts, strict=False):
            yield start + here, start + there
        start += starts[-1]
    starts = sentence_starts(entry[start:end])
    for here, there in zip([0, *starts], [*starts, end - start], strict=False):
        yield start + here, start + there


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
    words = [match.start() for match in _WORD.finditer(entry, start, end)]
    first = 0
    for begin in sorted(begins):
        word = bisect_left(words, begin)
        if min(word - first, len(words) - word) >= CLAUSE_WORDS:
            yield start, begin
            start, first = begin, word
    yield start, end


def _cut(entry: str, start: int, end: int, *, is_plain: bool) -> Iterator[Sentence]:
    """Strip a span and cut it where it is too wide, at the last comma or space that fits."""
    start, end = _stripped(entry, start, end)
    least = MAX_SENTENCE_CHARACTERS if is_plain else MAX_SENTENCE_CHARACTERS // SYMBOL_WIDTH
    if end - start > least and (
        is_plain or token_upper_bound(entry[start:end]) > MAX_SENTENCE_CHARACTERS
    ):
        sums = _widths(entry[start:end])
        origin = start
        while start < end and sums[end - origin] - sums[start - origin] > MAX_SENTENCE_CHARACTERS:
            fitting = bisect_right(sums, sums[start - origin] + MAX_SENTENCE_CHARACTERS) - 1
            limit = max(start + 1, origin + fitting)
            half = start + (limit - start) // 2
            cut = entry.rfind(", ", half, limit) + 1 or _last_space(entry, start + 1, limit)
            begin, stop = _stripped(entry, start, cut or limit)
            yield Sentence(entry[begin:stop], begin, stop)
            start, end = _stripped(entry, cut or limit, end)
    if start < end:
        yield Sentence(entry[start:end], start, end)


def _widths(text: str) -> list[int]:
    """Width of the first characters of `text`, for 0 to all of them.

    All of a symbol's width is its first character's, and its end is as wide as its beginning, so
    that no cut falls into it.
    """
    widths = [HANGUL_WIDTH if _HANGUL.match(character) else 1 for character in text]
    for match in symbols_in(text):
        length = match.end() - match.start()
        widths[match.start() : match.end()] = [SYMBOL_WIDTH - 1 + length, *[0] * (length - 1)]
    return list(accumulate(widths, initial=0))


def _last_space(entry: str, start: int, end: int) -> int:
    """Place of the last white space in a span, 0 where there is none."""
    for place in range(end - 1, start - 1, -1):
        if entry[place].isspace():
            return place
    return 0


def _stripped(entry: str, start: int, end: int) -> tuple[int, int]:
    text = entry[start:end]
    start += len(text) - len(text.lstrip())
    return start, start + len(text.strip())
