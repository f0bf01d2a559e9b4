"""Parse the boxes of MP4, M4A, MOV and 3GP (ISO 14496-12) and limit their counts.

A header of 2 kB may declare a table of 100 million samples, for which ffmpeg would allocate 2 GB
before it reads one of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runners.errors import UndecodableAudio

MAX_BOXES: Final = 200_000
"""For 300 s: a fragment of 20 ms has six boxes, so that 300 s of them are 90,000."""
MAX_SAMPLES: Final = 1_000_000
"""Samples (packets) of all tracks in 300 s; AAC has 14,000. PCM is counted by its bytes."""
MAX_TRACKS: Final = 32
_PARENTS: Final = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"))


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its type, and the offsets of its start, its content and its declared end."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes, start: int, stop: int) -> Iterator[Box]:
    """Yield the boxes between two offsets, up to the first bytes that are not a box."""
    position = start
    while position + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", data, position)
        body = position + 8
        if size == 1 and position + 16 <= stop:
            (size,) = struct.unpack_from(">Q", data, position + 8)
            body += 8
        elif size == 0:
            size = stop - position
        if size < body - position:
            return
        yield Box(kind, position, body, position + size)
        position += size


def fragment_number(data: bytes, fragment: Box) -> int:
    """Return the sequence number of a `moof` box; 0 if it has none."""
    for header in boxes(data, fragment.body, min(fragment.end, len(data))):
        if header.kind == b"mfhd" and header.body + 8 <= len(data):
            return int.from_bytes(data[header.body + 4 : header.body + 8], "big")
        break
    return 0


def check_tables(data: bytes, start: int, stop: int, factor: int = 1) -> None:
    """Raise `UndecodableAudio` for more entries than `factor` times 300 s of audio can need."""
    remaining = [(start, stop)]
    count = tracks = samples = 0
    while remaining:
        for box in boxes(data, *remaining.pop()):
            count += 1
            if box.kind == b"cmov":
                raise UndecodableAudio(
                    "The file's index is compressed, as by old QuickTime: save it again as M4A."
                )
            tracks += box.kind == b"trak"
            samples += _samples(data, box, min(box.end, stop))
            is_too_long = count > factor * MAX_BOXES or samples > factor * MAX_SAMPLES
            if is_too_long or tracks > MAX_TRACKS:
                raise UndecodableAudio(
                    "The file's index has more entries than a recording can need: save it again as"
                    " M4A with one audio track."
                )
            if box.kind in _PARENTS:
                remaining.append((box.body, min(box.end, stop)))


def _samples(data: bytes, box: Box, end: int) -> int:
    """Number of samples that a box declares without listing each of them."""
    if box.kind == b"stsz" and box.body + 12 <= end:
        size, count = struct.unpack_from(">II", data, box.body + 4)
        # In PCM a sample is one value; ffmpeg indexes chunks, and all samples are in the file.
        return 0 if 0 < size <= 64 and count * size <= len(data) else count
    if box.kind == b"trun" and box.body + 8 <= end:
        (count,) = struct.unpack_from(">I", data, box.body + 4)
        return int(count)
    return 0
