"""Decide which line breaks of an entry end a sentence and which only wrap a line.

A blank line always ends a sentence. A single line break before a lower-case word does not. Any
other line break does, unless the line is as long as its paragraph is wide: mail programs and
editors wrap text at a fixed column.
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
# Words that do not end a sentence, whatever the line's length.
_OPEN_WORDS_LIST: Final = """
a an the my your his her its our their of to from with at for by into and or but because that than
if as was is am are were be been i we he she they very dr. mr. mrs. ms. prof. st.
"""
_OPEN_WORDS: Final = frozenset(_OPEN_WORDS_LIST.split())
# A line that ends with one of these continues with a name.
_TITLES: Final = (" dr.", " mr.", " mrs.", " ms.", " prof.", " st.")
# Characters; a narrower paragraph is not wrapped at a fixed column.
_MIN_WRAP_WIDTH: Final = 40
# Characters; if no line of the paragraph continues in lower case, only a line of at least this
# length counts as wrapped.
_MIN_LIKELY_WRAP_WIDTH: Final = 55


def text_blocks(entry: str) -> Iterator[tuple[int, int]]:
    """Yield the spans that no sentence crosses; line breaks inside a span are white space."""
    paragraph: list[tuple[int, int]] = []
    for start, end, is_last in _lines(entry):
        if start < end:
            paragraph.append((start, end))
        if is_last or start == end:
            yield from _paragraph(entry, paragraph)
            paragraph = []
    yield from _paragraph(entry, paragraph)


def _lines(entry: str) -> Iterator[tuple[int, int, bool]]:
    """Yield the span of each line without outer spaces, and whether it ends a paragraph."""
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
    """Yield the spans of a paragraph's lines, joined where a sentence continues."""
    if not lines:
        return
    width = max(end - start for start, end in lines)
    breaks: list[tuple[str, str, bool]] = []  # line, next line, whether the line is full
    for (start, end), (next_start, next_end) in pairwise(lines):
        next_word = _first_word(entry, next_start, next_end)
        is_full = end - start + 1 + len(next_word) > width
        breaks.append((entry[start:end], entry[next_start:next_end], is_full))
    is_wrapped = width >= _MIN_WRAP_WIDTH and any(
        is_full and _leading_word(after)[:1].islower() for _, after, is_full in breaks
    )
    block_start = lines[0][0]
    for (before, after, is_full), (_, end), (next_start, _) in zip(
        breaks, lines, lines[1:], strict=False
    ):
        if not _continues_sentence(before, after, is_full=is_full, is_wrapped=is_wrapped):
            yield block_start, end
            block_start = next_start
    yield block_start, lines[-1][1]


def _continues_sentence(before: str, after: str, *, is_full: bool, is_wrapped: bool) -> bool:
    """Whether the sentence of the line `before` may continue in the line `after`."""
    if ITEM.match(after):
        return False
    word = _leading_word(after)
    if word[:1].islower():
        return True
    if _ENDED.search(before[-8:]):
        return (is_full and is_wrapped) or before.lower().endswith(_TITLES)
    if not word:
        return False
    last = before.split()[-1].lower().lstrip("\"'“‘(")
    if last in _OPEN_WORDS and len(before) != len(last):
        return True
    if not is_full:
        return False
    if is_wrapped:
        return True
    return len(before) >= _MIN_LIKELY_WRAP_WIDTH and word not in SENTENCE_STARTERS


def _first_word(entry: str, start: int, end: int) -> str:
    match = _FIRST_WORD.match(entry, start, min(end, start + 100))
    return match[0] if match else ""


def _leading_word(line: str) -> str:
    """First word of a line, from its first letter or digit; empty for a line of symbols."""
    word = line[:60].split()[0]
    match = _LETTER.search(word)
    if match is None or match.start() > 2:
        return ""
    return re.split(r"[^\w'’]", word[match.start() :])[0]
