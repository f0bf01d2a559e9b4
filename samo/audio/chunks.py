"""Reads the chunks of WAV, AIFF, Wave64 and CAF; writes WAV and AIFF anew with just the sound.

So ffmpeg sees no tags and no pictures, the number of chunks is bounded, and sound that stands
behind the size that a header states is found.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final

from runners.errors import UndecodableAudio
from samo.audio.formats import file_begins, next_file

MAX_CHUNKS: Final = 1_000
"""Studios' files have about twenty."""
_NAME: Final = re.compile(rb"[ -~]{4}")
_TAG: Final = re.compile(
    rb"TAG|APETAGEX|LYRICSBEGIN|ID3[\x02-\x04]|3DI[\x02-\x04]|\xef\xbb\xbf|<\?xml"
)
# WAVE_FORMAT_PCM, IEEE_FLOAT, ALAW, MULAW, EXTENSIBLE: a block is one value of each channel.
_UNCOMPRESSED: Final = frozenset((1, 3, 6, 7, 0xFFFE))
# Writers that stream cannot know the size and leave 0 or a value near 2 or 4 GiB.
_STREAMED: Final = 0x7000_0000
_MIN_CONTINUATION_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Sound:
    """One file's sound in a minimal file, and what was found around it."""

    data: bytes
    end: int
    """Where the file ends; what follows is another file, or nothing."""
    missing_share: float = 0.0
    """Share of the sound's bytes that the header states and that are not there."""


def wav(data: bytes, start: int) -> Sound | None:
    """The WAV that begins at `start`; None where it has no format or no data chunk."""
    form: bytes = b""
    pieces: list[bytes] = []
    position, sizes_64, missing, count = start + 12, 0, 0, 0
    bytes_per_second = 0.0
    while position + 8 <= len(data):
        if pieces and (file_begins(data, position) or not _is_chunk(data, position)):
            break
        count += 1
        _check_count(count)
        kind, size = struct.unpack_from("<4sI", data, position)
        body = position + 8
        if kind == b"ds64" and body + 16 <= len(data):
            (sizes_64,) = struct.unpack_from("<Q", data, body + 8)
        elif kind == b"fmt " and not form:
            form = data[body : body + size]
            bytes_per_second = _bytes_per_second(form)
        elif kind == b"data" and (not pieces or size):
            if size == 0xFFFF_FFFF and 0 < sizes_64 < 1 << 40:
                size = sizes_64
            if size == 0 or size >= _STREAMED:
                size = len(data) - body
            missing += max(0, body + size - len(data))
            pieces.append(data[body : body + size])
        position = body + size
        # an odd chunk is followed by a zero, which some writers forget
        if size % 2 and (data[position : position + 1] == b"\0" or not _is_chunk(data, position)):
            position += 1
    if not pieces or len(form) < 14:
        return None
    rest = data[position:]
    if next_file(data, position) is None:
        # a recorder that wrote the size of its first block only; tags and zeros are no sound
        least = _MIN_CONTINUATION_SECONDS * bytes_per_second
        if len(rest) > least > 0 and rest.strip(b"\0") and not _TAG.match(rest):
            pieces.append(rest)
        position = len(data)
    sound = b"".join(pieces)
    made = _minimal_wav(form, sound)
    return Sound(made, position, missing / max(1, missing + len(sound)))


def aiff(data: bytes, start: int) -> Sound | None:
    """The AIFF or AIFF-C that begins at `start`; None where it has no sound chunk."""
    kept: list[bytes] = []
    position, found, missing, count = start + 12, False, 0.0, 0
    while position + 8 <= len(data):
        if file_begins(data, position) or not _NAME.match(data, position):
            break
        count += 1
        _check_count(count)
        kind, size = struct.unpack_from(">4sI", data, position)
        body = position + 8
        content = data[body : body + size]
        if kind in (b"COMM", b"SSND", b"FVER", b"wave"):
            kept.append(kind + struct.pack(">I", len(content)) + content + bytes(size % 2))
        if kind == b"SSND":
            found = True
            missing = max(0, size - len(content)) / max(size, 1)
        position = body + size + size % 2
    if not found:
        return None
    end = position if next_file(data, position) is not None else len(data)
    joined = data[start + 8 : start + 12] + b"".join(kept)
    made = b"FORM" + struct.pack(">I", len(joined)) + joined
    return Sound(made, end, missing)


def caf(data: bytes, start: int) -> Sound:
    """The Core Audio file that begins at `start`."""
    position, missing, count, kept = start + 8, 0.0, 0, [data[start : start + 8]]
    while position + 12 <= len(data) and not (count and file_begins(data, position)):
        count += 1
        _check_count(count)
        kind, size = struct.unpack_from(">4sq", data, position)
        end = position + 12 + size if size >= 0 and _NAME.match(kind) else len(data)
        if kind == b"data":
            missing = max(0, end - len(data)) / max(size, 1)
        if kind in (b"desc", b"chan", b"pakt", b"kuki", b"data"):
            kept.append(data[position:end])
        position = end
    return Sound(b"".join(kept), min(position, len(data)), missing)


def wave64(data: bytes, start: int) -> Sound | None:
    """The Wave64 file that begins at `start`, as a WAV; None where it has no format or no data."""
    position, missing, count, form, sound = start + 40, 0.0, 0, b"", b""
    while position + 24 <= len(data) and not file_begins(data, position):
        count += 1
        _check_count(count)
        kind, size = struct.unpack_from("<4s12xQ", data, position)
        content = data[position + 24 : position + size]
        if kind == b"fmt " and not form:
            form = content
        elif kind == b"data" and not sound:
            sound = content
            missing = max(0, position + size - len(data)) / max(size, 1)
        position = position + size + -size % 8 if size >= 24 else len(data)
    if not sound or len(form) < 14:
        return None
    return Sound(_minimal_wav(form, sound), min(position, len(data)), missing)


def _minimal_wav(form: bytes, sound: bytes) -> bytes:
    head = b"fmt " + struct.pack("<I", len(form)) + form + bytes(len(form) % 2)
    size = struct.pack("<I", len(head) + len(sound) + 12)
    return b"".join((b"RIFF", size, b"WAVE", head, b"data", struct.pack("<I", len(sound)), sound))


def _is_chunk(data: bytes, position: int) -> bool:
    """Whether a name of four printable characters and a size that fits stand there."""
    if position + 8 > len(data) or not _NAME.match(data, position):
        return position >= len(data)
    (size,) = struct.unpack_from("<I", data, position + 4)
    return data[position : position + 4] in (b"data", b"fmt ") or position + size <= len(data)


def _bytes_per_second(form: bytes) -> float:
    if len(form) < 14:
        return 0.0
    tag, _, rate, average, block = struct.unpack_from("<HHIIH", form)
    return float(rate * block if tag in _UNCOMPRESSED else average)


def _check_count(count: int) -> None:
    if count > MAX_CHUNKS:
        raise UndecodableAudio(
            f"The file has more than {MAX_CHUNKS} chunks: save it anew, as WAV or MP3.",
            max_chunks=MAX_CHUNKS,
        )
