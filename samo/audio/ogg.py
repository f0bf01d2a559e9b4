"""Walks the pages of Ogg (RFC 3533)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from samo.errors import UndecodableAudio

MAX_PAGES: Final = 150_000
"""A page for each packet of 2.5 ms makes 120,000 in 300 s."""
_BEGINNING: Final = 2


@dataclass(slots=True)
class Pages:
    """Where the logical files begin, how many pages there are, whether the last is complete."""

    starts: list[int] = field(default_factory=list)
    complete: bool = True
    begins_with_header: bool = True
    count: int = 0


def walk(data: bytes) -> Pages:
    """Step from page to page. A chain's files begin where beginnings follow other pages."""
    pages = Pages()
    position, previous_begins = 0, False
    while (position := data.find(b"OggS", position)) >= 0:
        pages.count += 1
        if pages.count > MAX_PAGES:
            raise UndecodableAudio(
                "The Ogg file has more pages than a recording can need: save it anew, as MP3."
            )
        lacing = position + 27
        if lacing > len(data):
            pages.complete = False
            break
        begins = bool(data[position + 5] & _BEGINNING)
        if pages.count == 1:
            pages.begins_with_header = begins
        if begins and not previous_begins:
            pages.starts.append(position)
        previous_begins = begins
        end = lacing + data[lacing - 1]
        end += sum(data[lacing : lacing + data[lacing - 1]])
        pages.complete = end <= len(data)
        position = end if pages.complete else lacing
    return pages
