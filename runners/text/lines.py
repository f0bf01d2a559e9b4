"""Which line breaks of an entry end a sentence, and which only wrap a line.

A blank line always ends one. A single line break before a lower-case word ends nothing. Before
anything else it does, unless the line before is as full as its paragraph is wide: mail programs
and editors wrap text at a fixed column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from runners.text.starters import SENTENCE_STARTERS

_LINE: Final = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
# "- tea", "• tea", "1. tea", "2) tea", "(3) tea", "a) tea", "[ ] tea", "> tea"
ITEM: Final = re.compile(
    r"[-–—*+•◦▪▫‣⁃●○■□☐☑✓✔➤>](?=\s)|[•◦▪‣●☐☑]"
    r"|\(?\d{1,3}[.)]+(?=\s|[A-Za-z])|\(?[A-Za-z]\)(?=\s)|\(?(?:[ivx]{2,5}|[IVX]{2,5})[.)](?=\s)"
    r"|[①-⑳❶-➓]|\[[ xX✓]?\](?=\s|\w)"
)
_ENDED: Final = re.compile(r"[.!?…。！？｡؟۔।॥][\"'”’»›)\]}*_]*$")
_FIRST_WORD: Final = re.compile(r"[^\s]+")
_LETTER: Final = re.compile(r"[^\W_]")
# No sentence ends with one of these, whatever the line's length.
_OPEN_WORDS_LIST: Final = """
a an the my your his her its our their of to from with at for by into and or but because that than
if as was is am are were be been i we he she they very dr. mr. mrs. ms. prof. st.
"""
_OPEN_WORDS: Final = frozenset(_OPEN_WORDS_LIST.split())
# A paragraph narrower than this is not wrapped at a fixed column.
_LEAST_WIDTH: Final = 40
# Without a line that goes on in lower case, only lines of this length are believed to be wrapped.
_LIKELY_WIDTH: Final = 55


def text_blocks(entry: str) -> Iterator[tuple[int, int]]:
    """Spans of `entry` that no sentence crosses; the line breaks left inside are white space."""
    paragraph: list[tuple[int, int]] = []
    for start, end, is_last in _lines(entry):
        if start < end:
            paragraph.append((start, end))
        if is_last or start == end:
            yield from _paragraph(entry, paragraph)
            paragraph = []
    yield from _paragraph(entry, paragraph)


def _lines(entry: str) -> Iterator[tuple[int, int, bool]]:
    """Spans of the lines without outer spaces, and whether a paragraph ends with the line."""
    start = 0
    for match in _LINE.finditer(entry):
        yield (*_stripped(entry, start, match.start()), match[0] in "\u2029\x0c")
        start = match.end()
    yield (*_stripped(entry, start, len(entry)), True)


def _stripped(entry: str, start: int, end: int) -> tuple[int, int]:
    line = entry[start:end]
    end -= len(line) - len(line.rstrip())
    return (start + len(line) - len(line.lstrip()), end) if line.strip() else (start, start)


def _paragraph(entry: str, lines: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    if not lines:
        return
    width = max(end - start for start, end in lines)
    breaks = [
        (entry[a:b], entry[c:d], width, b - a + 1 + len(_first_word(entry, c, d)) > width)
        for (a, b), (c, d) in pairwise(lines)
    ]
    is_wrapped = width >= _LEAST_WIDTH and any(
        full and _initial(after)[:1].islower() for _, after, _, full in breaks
    )
    start = lines[0][0]
    for (before, after, _, full), (_, end), (begin, _) in zip(
        breaks, lines, lines[1:], strict=False
    ):
        if not _goes_on(before, after, is_full=full, is_wrapped=is_wrapped):
            yield start, end
            start = begin
    yield start, lines[-1][1]


def _goes_on(before: str, after: str, *, is_full: bool, is_wrapped: bool) -> bool:
    """Whether the sentence of the line `before` may go on in the line `after`."""
    if ITEM.match(after):
        return False
    word = _initial(after)
    if word[:1].islower():
        return True
    if _ENDED.search(before[-8:]):
        return (is_full and is_wrapped) or before.lower().endswith(tuple(_TITLES))
    if not word:
        return False
    last = before.split()[-1].lower().lstrip("\"'“‘(")
    if last in _OPEN_WORDS and len(before) != len(last):
        return True
    if not is_full:
        return False
    if is_wrapped:
        return True
    return len(before) >= _LIKELY_WIDTH and word not in SENTENCE_STARTERS


_TITLES: Final = (" dr.", " mr.", " mrs.", " ms.", " prof.", " st.")


def _first_word(entry: str, start: int, end: int) -> str:
    match = _FIRST_WORD.match(entry, start, min(end, start + 100))
    return match[0] if match else ""


def _initial(line: str) -> str:
    """The first word of a line from its first letter or digit on, "" for a line of symbols."""
    word = line[:60].split()[0]
    match = _LETTER.search(word)
    if match is None or match.start() > 2:
        return ""
    return re.split(r"[^\w'’]", word[match.start() :])[0]
