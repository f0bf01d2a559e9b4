"""An entry as it is read: without markup, in pieces that fit the classifier, each with its place.

Reading takes a few milliseconds for the longest entry and longer for a batch of such. It is done in
a thread, so that other requests are answered meanwhile: an entry at a time, so that nothing goes on
for a client that has left, and in one thread, so that the event loop has to share the interpreter
with no more than that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from runners.text.sentences import MAX_SENTENCE_CHARACTERS, Sentence, split, width
from samo.insight.markup import PlainText, plain_text

# A comment of GoEmotions is classified as a whole; what is longer than its longest comments is
# classified sentence by sentence.
MAX_WHOLE_CHARACTERS: Final = 280
# To hand so short a text to the thread takes longer than to read it.
MAX_INLINE_CHARACTERS: Final = 1_000

Result = TypeVar("Result")

_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="text")


@dataclass(frozen=True, slots=True)
class Reading:
    """An entry's plain text and its pieces: sentences of the plain text, or all of a short one."""

    plain: PlainText
    pieces: list[Sentence]

    @property
    def texts(self) -> list[str]:
        """The pieces as the classifier reads them."""
        return [piece.text for piece in self.pieces]

    def in_entry(self) -> list[Sentence]:
        """The pieces as they stand in the entry, markup within them included."""
        return [Sentence(*self.quote(piece.start, piece.end)) for piece in self.pieces]

    def quote(self, start: int, end: int) -> tuple[str, int, int]:
        """What `plain.text[start:end]` is in the entry, and where."""
        first, last = self.plain.locate(start, end)
        return self.plain.entry[first:last], first, last


def read_sentences(entry: str) -> Reading:
    """Read an entry by its sentences; none where it holds markup only."""
    plain = plain_text(entry)
    return Reading(plain, split(plain.text))


def read_whole(entry: str) -> Reading:
    """Read a short entry as a whole and a longer one by its sentences."""
    plain = plain_text(entry)
    text = plain.text.strip()
    if len(text) > MAX_WHOLE_CHARACTERS or width(text) > MAX_SENTENCE_CHARACTERS:
        return Reading(plain, split(plain.text))
    start = plain.text.find(text)
    return Reading(plain, [Sentence(text, start, start + len(text))] if text else [])


async def read_each(read: Callable[[str], Reading], entries: Sequence[str]) -> list[Reading]:
    """Read entries without holding up the event loop."""
    return [await beside_loop(len(entry), read, entry) for entry in entries]


async def beside_loop(size: int, work: Callable[..., Result], *arguments: object) -> Result:
    """Call `work` in the thread of texts, or at once where the text's `size` is small."""
    if size <= MAX_INLINE_CHARACTERS:
        return work(*arguments)
    return await asyncio.get_running_loop().run_in_executor(_thread, work, *arguments)
