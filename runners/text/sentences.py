"""Split an entry into sentences with their character spans.

`lines` decides which line breaks end a sentence, `boundaries` finds the other ends. This module
also splits text without punctuation where a new clause starts ("and then I", "but she"), and
sentences that are too long for the classifier between words. The time is linear in the entry's
length, because each step processes windows of bounded length.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from runners.text.boundaries import sentence_starts
from runners.text.emoticons import may_contain_symbols, symbols_in
from runners.text.lines import text_blocks

# Largest width of a sentence. The width is an upper bound of the number of tokens: its characters,
# with more for those that may be several tokens. The classifier truncates at 512 tokens.
MAX_SENTENCE_WIDTH: Final = 400
# Width of an emoji or emoticon, which is replaced by words.
SYMBOL_WIDTH: Final = 12
# Width of a Korean syllable, which the tokenizer splits into up to three letters.
HANGUL_WIDTH: Final = 3
# `sentencex` takes quadratic time on some texts, so it gets windows of this length.
WINDOW_CHARACTERS: Final = 1_500
# A sentence with this many words and no punctuation is run-on text, which is split into clauses.
MIN_RUN_ON_WORDS: Final = 16
# A shorter clause has too little content to be classified on its own.
MIN_CLAUSE_WORDS: Final = 5

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
# "I" starts a clause, unless it follows a conjunction or a verb that takes a clause ("I think I").
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
    """A sentence without outer spaces; `text == entry[start:end]`, in Unicode code points."""

    text: str
    start: int
    end: int


def split_sentences(entry: str) -> list[Sentence]:
    """Return the sentences of `entry` in order; white space between them is left out."""
    is_plain = entry.isascii() and not may_contain_symbols(entry)  # each character has width 1
    return [
        sentence
        for block in text_blocks(entry)
        for span in _sentences(entry, *block)
        for clause in _clauses(entry, *span)
        for sentence in _cut(entry, *clause, is_plain=is_plain)
    ]


def token_upper_bound(text: str) -> int:
    """Return the width of `text`; it has at most this many tokens, special ones left out."""
    symbols = sum(1 for _ in symbols_in(text))
    hangul = 0 if text.isascii() else len(_HANGUL.findall(text))
    return len(text) + (SYMBOL_WIDTH - 1) * symbols + (HANGUL_WIDTH - 1) * hangul


def _sentences(entry: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the sentences of a block; the last sentence of a window starts the next window."""
    while end - start > WINDOW_CHARACTERS:
        stop = start + WINDOW_CHARACTERS
        starts = sentence_starts(entry[start:stop])
        while starts and starts[-1] > WINDOW_CHARACTERS - 40:  # the next word may be incomplete
            starts.pop()
        if not starts:
            space = _last_space(entry, start + WINDOW_CHARACTERS // 2, stop)
            starts = [(space or stop) - start]
        for first, last in pairwise([0, *starts]):
            yield start + first, start + last
        start += starts[-1]
    starts = sentence_starts(entry[start:end])
    for first, last in pairwise([0, *starts, end - start]):
        yield start + first, start + last


def _clauses(entry: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split run-on text before the words that start a clause; yield any other span as it is."""
    text = entry[start:end]
    if len(text.split()) < MIN_RUN_ON_WORDS or _PUNCTUATION.search(text):
        yield start, end
        return
    clause_starts = {
        match.end()
        for match in _CLAUSE.finditer(entry, start, end)
        if match[1].lower() not in {"and", "but", "so"}  # "but then I" starts at "but"
    }
    for match in _BARE_I.finditer(entry, start, end):
        if match[1].lower() not in _BEFORE_I:
            clause_starts.add(match.end())
    words = [match.start() for match in _WORD.finditer(entry, start, end)]
    first = 0
    for clause_start in sorted(clause_starts):
        word = bisect_left(words, clause_start)
        if min(word - first, len(words) - word) >= MIN_CLAUSE_WORDS:
            yield start, clause_start
            start, first = clause_start, word
    yield start, end


def _cut(entry: str, start: int, end: int, *, is_plain: bool) -> Iterator[Sentence]:
    """Strip a span; while it is too wide, cut it at the last comma or space that fits."""
    start, end = _stripped(entry, start, end)
    min_characters = MAX_SENTENCE_WIDTH if is_plain else MAX_SENTENCE_WIDTH // SYMBOL_WIDTH
    if end - start > min_characters and (
        is_plain or token_upper_bound(entry[start:end]) > MAX_SENTENCE_WIDTH
    ):
        sums = _widths(entry[start:end])
        origin = start
        while start < end and sums[end - origin] - sums[start - origin] > MAX_SENTENCE_WIDTH:
            fitting = bisect_right(sums, sums[start - origin] + MAX_SENTENCE_WIDTH) - 1
            limit = max(start + 1, origin + fitting)
            half = start + (limit - start) // 2
            cut = entry.rfind(", ", half, limit) + 1 or _last_space(entry, start + 1, limit)
            first, last = _stripped(entry, start, cut or limit)
            yield Sentence(entry[first:last], first, last)
            start, end = _stripped(entry, cut or limit, end)
    if start < end:
        yield Sentence(entry[start:end], start, end)


def _widths(text: str) -> list[int]:
    """Return the widths of `text[:0]`, `text[:1]`, up to all of `text`.

    The entire width of a symbol belongs to its first character, so that no cut divides the symbol.
    """
    widths = [HANGUL_WIDTH if _HANGUL.match(character) else 1 for character in text]
    for match in symbols_in(text):
        length = match.end() - match.start()
        widths[match.start() : match.end()] = [SYMBOL_WIDTH - 1 + length, *[0] * (length - 1)]
    return list(accumulate(widths, initial=0))


def _last_space(entry: str, start: int, end: int) -> int:
    """Return the index of the last white space in a span, or 0 if there is none."""
    for index in range(end - 1, start - 1, -1):
        if entry[index].isspace():
            return index
    return 0


def _stripped(entry: str, start: int, end: int) -> tuple[int, int]:
    text = entry[start:end]
    start += len(text) - len(text.lstrip())
    return start, start + len(text.strip())
