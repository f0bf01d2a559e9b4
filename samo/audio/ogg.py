"""Scan the pages of Ogg (RFC 3533)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from runners.errors import UndecodableAudio, UnsupportedAudio

MAX_PAGES: Final = 150_000
"""With one page per packet of 2.5 ms, 300 s have 120,000."""
MAX_PACKETS: Final = 250_000
MAX_COMMENTS: Final = 1_000
"""ffmpeg compares each comment with all before it."""
_FIRST_PAGE: Final = 2
_CONTINUED: Final = 1
# By the first bytes of a stream: the first bytes of its comment packet and the offset of the
# comments in that packet.
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
    """The result of a scan."""

    starts: list[int] = field(default_factory=list)
    """Offsets of the files in a chain."""
    is_complete: bool = True
    """Whether the last page is complete."""
    begins_with_header: bool = True
    """Whether the first page is the first page of a stream."""
    count: int = 0
    """Number of pages."""


def scan_pages(data: bytes, factor: int = 1) -> Pages:
    """Scan all pages. A file of a chain starts at a first page that follows another page.

    Raises `UndecodableAudio` for more pages than `factor` times 300 s of audio can need.
    """
    pages = Pages()
    position, packets, previous_is_first = 0, 0, False
    streams: dict[bytes, tuple[bytes, int] | None] = {}
    while (position := data.find(b"OggS", position)) >= 0:
        pages.count += 1
        lacing = position + 27
        if lacing > len(data):
            pages.is_complete = False
            break
        body = lacing + data[lacing - 1]
        lengths = data[lacing:body]
        is_first = bool(data[position + 5] & _FIRST_PAGE)
        serial = data[position + 14 : position + 18]
        if pages.count == 1:
            pages.begins_with_header = is_first
        if is_first and not previous_is_first:
            pages.starts.append(position)
            streams.clear()
        previous_is_first = is_first
        if is_first:
            streams[serial] = _codec(data, body, lengths)
        elif streams.get(serial):
            continued = bool(data[position + 5] & _CONTINUED)
            packets += _check_comments(data, body, lengths, continued, streams, serial)
        if pages.count > factor * MAX_PAGES or packets > factor * MAX_PACKETS:
            raise UndecodableAudio(
                "The Ogg file has more pages than a recording can need: save it again as MP3."
            )
        end = body + sum(lengths)
        pages.is_complete = end <= len(data)
        position = end if pages.is_complete else lacing
    return pages


def _codec(data: bytes, body: int, lengths: bytes) -> tuple[bytes, int] | None:
    """Return how to find the comments of the stream that begins with this page."""
    # RFC 3533: the first page has the first packet and nothing else
    if not lengths or lengths[-1] == 255 or any(length < 255 for length in lengths[:-1]):
        raise UndecodableAudio("The Ogg file is damaged: a header page is invalid.")
    for magic, comments in _CODECS.items():
        if data.startswith(magic, body):
            return comments
    raise UnsupportedAudio("The Ogg file has a codec that is not supported: send Opus or Vorbis.")


def _check_comments(
    data: bytes,
    body: int,
    lengths: bytes,
    continued: bool,
    streams: dict[bytes, tuple[bytes, int] | None],
    serial: bytes,
) -> int:
    """Raise if a packet that begins on this page has too many comments; return packets checked."""
    comments = streams[serial]
    assert comments is not None  # noqa: S101  # for mypy: the caller has checked it
    magic, offset = comments
    position, starts, count = body, not continued, 0
    for length in lengths:
        if starts:
            count += 1
            # the type of a FLAC metadata block has seven bits
            is_comment = data.startswith(magic[:1], position) or (
                magic == b"\x04" and data[position : position + 1] == b"\x84"
            )
            if is_comment:
                _check_count(data, position + offset)
            if magic not in (b"\x03vorbis", b"\x04") or data[position : position + 1] == b"\xff":
                streams[serial] = None  # only Vorbis and FLAC have comments later
                break
        starts = length < 255
        position += length
    return count


def _check_count(data: bytes, position: int) -> None:
    vendor = int.from_bytes(data[position : position + 4], "little")
    number = data[position + 4 + vendor : position + 8 + vendor]
    if vendor > 4096 or int.from_bytes(number, "little") > MAX_COMMENTS:
        raise UndecodableAudio(
            f"The Ogg file has more than {MAX_COMMENTS} comments: save it without them.",
            max_comments=MAX_COMMENTS,
        )
