"""Walks Matroska's elements (RFC 8794, RFC 9559), as far as wholeness needs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

HEADER: Final = re.compile(rb"\x1a\x45\xdf\xa3.{1,40}?\x42\x82.(?:webm|matroska)", re.DOTALL)
"""An EBML header with its document type: enough bytes not to be met by chance."""
CLUSTER: Final = b"\x1f\x43\xb6\x75"

_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
MAX_ELEMENTS: Final = 200_000
"""300 s in packets of 2.5 ms are 120,000 blocks."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What the elements' sizes say."""

    missing_bytes: int
    """Bytes that a stated size reaches beyond the end of the data."""
    elements: int
    end: int | None = None
    """Where a segment ends that states its size; another file may follow."""


def walk(data: bytes) -> Walk:
    """Step from element to element; into segments and into clusters of unknown size only."""
    position, count = 0, 0
    segment_end: int | None = None
    while position < len(data) and count < MAX_ELEMENTS and position != segment_end:
        count += 1
        identifier, position = _number(data, position, keep_marker=True)
        size, body = _number(data, position, keep_marker=False)
        if identifier <= 0 or size == -2:
            # no element: padding or a tag; what was cut off in a header is a byte or two
            return Walk(0, count)
        unknown = size == -1
        if identifier == _SEGMENT and not unknown:
            missing = body + size - len(data)
            if missing > 0:
                return Walk(missing, count)
            segment_end = body + size
        if identifier == _SEGMENT or (identifier == _CLUSTER and unknown):
            position = body
            continue
        if unknown:
            return Walk(0, count)
        position = body + size
    end = segment_end if position == segment_end else None
    return Walk(max(0, position - len(data)), count, end)


def _number(data: bytes, position: int, *, keep_marker: bool) -> tuple[int, int]:
    """A variable-length integer and the position behind it; -1 for "unknown", -2 for none."""
    if position >= len(data) or not data[position]:
        return -2, position
    length = 9 - data[position].bit_length()
    end = position + length
    if end > len(data) or (keep_marker and length > 4):
        return -2, position
    value = int.from_bytes(data[position:end], "big")
    if keep_marker:
        return value, end
    mask = (1 << 7 * length) - 1
    value &= mask
    return (-1 if value == mask else value), end
