"""Walks the pages of Ogg (RFC 3533)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from runners.errors import UndecodableAudio, UnsupportedAudio

MAX_PAGES: Final = 150_000
"""A page for each packet of 2.5 ms makes 120,000 in 300 s."""
MAX_PACKETS: Final = 250_000
MAX_COMMENTS: Final = 1_000
"""ffmpeg compares each comment with all before it."""
_BEGINNING: Final = 2
_CONTINUED: Final = 1
# How the first packet of a stream begins, and where the comments stand in the packet that has them.
_CODECS: Final = {
    b"OpusHead": (b"OpusTags", 8),
    b"\x01vorbis": (b"\x03vorbis", 7),
    b"\x80theora": (b"\x81theora", 7),
    b"\x7fFLAC": (b"\x04", 4),
    b"Speex   ": (b"", 0),
    b"fishead\0": None,
}


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
    position, packets, previous_begins = 0, 0, False
    streams: dict[bytes, tuple[bytes, int] | None] = {}
    while (position := data.find(b"OggS", position)) >= 0:
        pages.count += 1
        lacing = position + 27
        if lacing > len(data):
            pages.complete = False
            break
        body = lacing + data[lacing - 1]
        lengths = data[lacing:body]
        begins = bool(data[position + 5] & _BEGINNING)
        serial = data[position + 14 : position + 18]
        if pages.count == 1:
            pages.begins_with_header = begins
        if begins and not previous_begins:
            pages.starts.append(position)
            streams.clear()
        previous_begins = begins
        if begins:
            streams[serial] = _codec(data, body, lengths)
        elif streams.get(serial):
            continued = bool(data[position + 5] & _CONTINUED)
            packets += _check_comments(data, body, lengths, continued, streams, serial)
        if pages.count > MAX_PAGES or packets > MAX_PACKETS:
            raise UndecodableAudio(
                "The Ogg file has more pages than a recording can need: save it anew, as MP3."
            )
        end = body + sum(lengths)
        pages.complete = end <= len(data)
        position = end if pages.complete else lacing
    return pages


def _codec(data: bytes, body: int, lengths: bytes) -> tuple[bytes, int] | None:
    """Where the stream that begins with this page has its comments."""
    # RFC 3533 asks for the first packet alone on the first page
    if not lengths or lengths[-1] == 255 or any(length < 255 for length in lengths[:-1]):
        raise UndecodableAudio("The Ogg file is damaged: a header page is not as it must be.")
    for magic, comments in _CODECS.items():
        if data.startswith(magic, body):
            return comments
    raise UnsupportedAudio("The Ogg file holds a codec that is not read: send Opus or Vorbis.")


def _check_comments(
    data: bytes,
    body: int,
    lengths: bytes,
    continued: bool,
    streams: dict[bytes, tuple[bytes, int] | None],
    serial: bytes,
) -> int:
    """Raise for too many comments in the packets that begin on a page; the packets looked at."""
    found = streams[serial]
    assert found is not None  # noqa: S101  # for mypy: the caller looked
    magic, offset = found
    position, starts, count = body, not continued, 0
    for length in lengths:
        if starts:
            count += 1
            # a header of FLAC has its type in seven bits
            is_comment = data.startswith(magic[:1], position) or (
                magic == b"\x04" and data[position : position + 1] == b"\x84"
            )
            if is_comment:
                _check_count(data, position + offset)
            if magic not in (b"\x03vorbis", b"\x04") or data[position : position + 1] == b"\xff":
                streams[serial] = None  # Vorbis may have comments later, others behind the header
                break
        starts = length < 255
        position += length
    return count


def _check_count(data: bytes, position: int) -> None:
    vendor = int.from_bytes(data[position : position + 4], "little")
    at = position + 4 + vendor
    if vendor > 4096 or int.from_bytes(data[at : at + 4], "little") > MAX_COMMENTS:
        raise UndecodableAudio(
            f"The Ogg file has more than {MAX_COMMENTS} comments: save it without them.",
            max_comments=MAX_COMMENTS,
        )
