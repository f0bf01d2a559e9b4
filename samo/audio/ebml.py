"""Scan the elements of Matroska (RFC 8794, RFC 9559) to find out whether a file is complete."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

HEADER: Final = re.compile(rb"\x1a\x45\xdf\xa3.{1,40}?\x42\x82.(?:webm|matroska)", re.DOTALL)
"""An EBML header with its document type: too long to occur by chance in other data."""
CLUSTER: Final = b"\x1f\x43\xb6\x75"

_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
MAX_ELEMENTS: Final = 200_000
"""300 s in packets of 2.5 ms are 120,000 blocks."""


@dataclass(frozen=True, slots=True)
class ElementScan:
    """The result of a scan."""

    missing_bytes: int
    """Declared bytes after the end of the data."""
    elements: int
    """Number of elements."""
    end: int | None = None
    """Offset of the end of a segment with a declared size; another file may follow."""


def scan_elements(data: bytes, max_elements: int = MAX_ELEMENTS) -> ElementScan:
    """Scan the elements, entering only segments and clusters of unknown size."""
    position, count = 0, 0
    segment_end: int | None = None
    while position < len(data) and count < max_elements and position != segment_end:
        count += 1
        identifier, position = _number(data, position, keep_marker=True)
        size, body = _number(data, position, keep_marker=False)
        if identifier <= 0 or size == -2:
            # not an element but padding or a tag, or a truncated header of a few bytes
            return ElementScan(0, count)
        is_unknown = size == -1
        if identifier == _SEGMENT and not is_unknown:
            missing = body + size - len(data)
            if missing > 0:
                return ElementScan(missing, count)
            segment_end = body + size
        if identifier == _SEGMENT or (identifier == _CLUSTER and is_unknown):
            position = body
            continue
        if is_unknown:
            return ElementScan(0, count)
        position = body + size
    end = segment_end if position == segment_end else None
    return ElementScan(max(0, position - len(data)), count, end)


def _number(data: bytes, position: int, *, keep_marker: bool) -> tuple[int, int]:
    """Parse a variable-length integer: its value and end; -1 for "unknown", -2 if it is invalid."""
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
