"""Remove titles, comments, chapters and pictures from a file before ffmpeg reads it.

They are not used, and they are dangerous: ffmpeg compares each tag with all earlier ones, so a few
megabytes of tags take hours, and it decompresses ID3 tags to a thousand times their size.
"""

from __future__ import annotations

import re
from typing import Final

from runners.errors import UndecodableAudio
from samo.audio import boxes

_ID3: Final = re.compile(rb"ID3[\x02-\x04][\0-\x0a].[\0-\x7f]{4}", re.DOTALL)
_APE: Final = re.compile(rb"APETAGEX.{4}(.{4}).{4}(.{4})", re.DOTALL)
_MAX_TAGS: Final = 100
_MAX_FLAC_BLOCKS: Final = 1_000
# Tags and Chapters, and unassigned identifiers of the same length.
_MATROSKA: Final = (
    (b"\x12\x54\xc3\x67", b"\x12\x54\xc3\x00"),
    (b"\x10\x43\xa7\x70", b"\x10\x43\xa7\x00"),
)
_MP4: Final = (b"udta", b"meta", b"ilst", b"keys", b"chap")
_ASF: Final = (
    # Extended Content Description, Metadata, Metadata Library, Marker
    b"\x40\xa4\xd0\xd2\x07\xe3\xd2\x11\x97\xf0\x00\xa0\xc9\x5e\xa8\x50",
    b"\xea\xcb\xf8\xc5\xaf\x5b\x77\x48\x84\x67\xaa\x8c\x44\xfa\x4c\xca",
    b"\x94\x1c\x23\x44\x98\x94\xd1\x49\xa1\x41\x1d\x13\x4e\x45\x70\x54",
    b"\x01\xcd\x87\xf4\x51\xa9\xcf\x11\x8e\xe6\x00\xc0\x0c\x20\x53\x65",
)


def without_leading(data: bytes) -> bytes:
    """Remove ID3 tags from the beginning."""
    start = 0
    for _ in range(_MAX_TAGS):
        if not _ID3.match(data, start):
            return data[start:] if start else data
        start += _id3_length(data, start)
    raise UndecodableAudio("The file begins with more tags than it can need: save it again.")


def without_inner(data: bytes) -> bytes:
    """Remove ID3 tags between frames, which ADTS from HTTP live streams has."""
    pieces, start = [], 0
    for tag in _ID3.finditer(data):
        if tag.start() >= start:
            pieces.append(data[start : tag.start()])
            start = tag.start() + _id3_length(data, tag.start())
    return b"".join((*pieces, data[start:])) if pieces else data


def without_flac(data: bytes) -> bytes:
    """Keep only the first metadata block, STREAMINFO, and the frames."""
    position = 4
    for _ in range(_MAX_FLAC_BLOCKS):
        if position + 4 > len(data):
            return data[:42]
        last = data[position] & 0x80
        position += 4 + int.from_bytes(data[position + 1 : position + 4], "big")
        if last:
            return data[:4] + bytes([data[4] | 0x80]) + data[5:42] + data[max(42, position) :]
    raise UndecodableAudio("The file has more metadata than it can need: save it again as FLAC.")


def without_matroska(data: bytes) -> bytes:
    """Replace the identifiers of tags and chapters by unassigned ones, which demuxers skip."""
    for known, unknown in _MATROSKA:
        data = data.replace(known, unknown)
    return data


def without_mp4(data: bytes) -> bytes:
    """Rename boxes of tags to `free`, in all top-level boxes except those with audio."""
    pieces, end = [], 0
    for box in boxes.boxes(data, 0, len(data)):
        piece = data[box.start : box.end]
        if box.kind != b"mdat":
            for name in _MP4:
                piece = piece.replace(name, b"free")
        pieces.append(piece)
        end = box.end
    return b"".join((*pieces, data[end:]))


def without_asf(data: bytes) -> bytes:
    """Overwrite the identifiers of objects with tags by zeros."""
    for name in _ASF:
        data = data.replace(name, bytes(16))
    return data


def without_ape(data: bytes) -> bytes:
    """Remove APE tags, which WavPack has at its end."""
    pieces, start = [], 0
    for tag in _APE.finditer(data):
        if tag.start() >= start:
            pieces.append(data[start : tag.start()])
            start = tag.start() + 32
            if tag[2][3] & 0x20:  # this is the tag's header: its size counts items and footer
                start += int.from_bytes(tag[1], "little")
    return b"".join((*pieces, data[start:])) if pieces else data


def without_dsf(data: bytes) -> bytes:
    """Overwrite the offset of the ID3 tag in a DSF header by zeros."""
    return data[:20] + bytes(8) + data[28:]


def _id3_length(data: bytes, start: int) -> int:
    a, b, c, d = data[start + 6 : start + 10]
    footer = 10 if data[start + 5] & 0x10 else 0
    return 10 + footer + (a << 21 | b << 14 | c << 7 | d)
