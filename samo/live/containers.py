"""Recognizes files by their first bytes: a live session takes samples, a file would be noise."""

from __future__ import annotations

import struct
from typing import Final

HEAD_BYTES: Final = 2_048
"""A file is recognized within these bytes; two frames of most MP3 files fit."""

_MAGIC: Final = {
    b"\x1a\x45\xdf\xa3": "WebM or Matroska",
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"ID3": "MP3",
    b"caff": "Core Audio",
    b"FORM": "AIFF",
}
# Of WAV: the format tag and the bits of a sample that are the samples of a session's format.
_RAW_WAV: Final = {"audio/pcm": (1, 16), "audio/pcma": (6, 8), "audio/pcmu": (7, 8)}
_EXTENSIBLE: Final = 0xFFFE
# MPEG-1 and 2, layer III: kbit/s by the index in the header, and Hz by version and index.
_KBITS_1: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HERTZ: Final = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}


def recognize(head: bytes, encoding: str) -> str | None:
    """The name of the format if `head` begins a file; None for samples.

    The header of a WAV file whose samples are those of `encoding` is none: it is a click.
    """
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        return "MP4 or M4A"
    if head.startswith((b"RIFF", b"RF64")) and head[8:12] == b"WAVE":
        return _foreign_wav(head, encoding)
    return "MP3" if _is_mp3(head) else None


def _foreign_wav(head: bytes, encoding: str) -> str | None:
    """What the samples of a WAV file are; None if they are as configured, or not known yet."""
    at = head.find(b"fmt ")
    if at < 0 or len(head) < at + 24:
        return None
    tag, _, _, _, _, bits = struct.unpack_from("<HHIIHH", head, at + 8)
    if tag == _EXTENSIBLE:
        if len(head) < at + 34:
            return None
        (tag,) = struct.unpack_from("<H", head, at + 32)
    if (tag, bits) == _RAW_WAV[encoding]:
        return None
    kinds = {1: "integer", 3: "float", 6: "A-law", 7: "mu-law"}
    return f"WAV with {bits}-bit {kinds.get(tag, 'compressed')} samples"


def _is_mp3(head: bytes) -> bool:
    """Whether two frames of MP3 follow each other; the bytes of one can be a sample."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    version, index, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    kbits = _KBITS_1 if version == 3 else _KBITS_2
    if version not in _HERTZ or rate == 3 or not 0 < index < len(kbits):
        return False
    per_frame = 144_000 if version == 3 else 72_000
    length = per_frame * kbits[index] // _HERTZ[version][rate] + (head[2] >> 1 & 1)
    following = head[length : length + 2]
    return following == head[:2]
