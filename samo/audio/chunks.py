"""Parse the chunks of WAV, AIFF, Wave64 and CAF, and rebuild each file with only its audio.

So ffmpeg receives no tags and no pictures, the number of chunks is limited, and audio after the
declared size is found.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final

from runners.errors import UndecodableAudio
from samo.audio.formats import file_begins, next_file

MAX_CHUNKS: Final = 1_000
"""Files of professional software have about twenty."""
_NAME: Final = re.compile(rb"[ -~]{4}")
_TAG: Final = re.compile(
    rb"TAG|APETAGEX|LYRICSBEGIN|ID3[\x02-\x04]|3DI[\x02-\x04]|\xef\xbb\xbf|<\?xml"
)
# WAVE_FORMAT_PCM, IEEE_FLOAT, ALAW, MULAW, EXTENSIBLE: a block has one value per channel.
_UNCOMPRESSED: Final = frozenset((1, 3, 6, 7, 0xFFFE))
# A writer that streams does not know the size and leaves 0 or a value near 2 or 4 GiB.
_MIN_STREAMED_SIZE: Final = 0x7000_0000
_MIN_CONTINUATION_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class ExtractedAudio:
    """The audio of one file as a minimal file of the same format."""

    data: bytes
    end: int
    """Offset of the end of the original file; another file may follow."""
    missing_share: float = 0.0
    """Share of the declared bytes of audio that are missing."""


def wav(data: bytes, start: int) -> ExtractedAudio | None:
    """Parse the WAV file at offset `start`; None if it has no format chunk or no data chunk."""
    format_chunk: bytes = b""
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
        elif kind == b"fmt " and not format_chunk:
            format_chunk = data[body : body + size]
            bytes_per_second = _bytes_per_second(format_chunk)
        elif kind == b"data" and (not pieces or size):
            if size == 0xFFFF_FFFF and 0 < sizes_64 < 1 << 40:
                size = sizes_64
            if size == 0 or size >= _MIN_STREAMED_SIZE:
                size = len(data) - body
            missing += max(0, body + size - len(data))
            pieces.append(data[body : body + size])
        position = body + size
        # a chunk of odd size is padded with a zero, which some writers omit
        if size % 2 and (data[position : position + 1] == b"\0" or not _is_chunk(data, position)):
            position += 1
    if not pieces or len(format_chunk) < 14:
        return None
    rest = data[position:]
    if next_file(data, position) is None:
        # a recorder that wrote only the size of its first block; tags and zeros are not audio
        min_bytes = _MIN_CONTINUATION_SECONDS * bytes_per_second
        if len(rest) > min_bytes > 0 and rest.strip(b"\0") and not _TAG.match(rest):
            pieces.append(rest)
        position = len(data)
    sound = b"".join(pieces)
    result = _minimal_wav(format_chunk, sound)
    return ExtractedAudio(result, position, missing / max(1, missing + len(sound)))


def missing_wav_share(head: bytes, size: int) -> float:
    """Share of the declared audio that is missing in a WAV of `size` bytes that begins with `head`.

    0 if the data chunk does not begin there, or does not declare its size.
    """
    position, sizes_64 = 12, 0
    while position + 8 <= len(head):
        kind, declared = struct.unpack_from("<4sI", head, position)
        body = position + 8
        if kind == b"ds64" and body + 16 <= len(head):
            (sizes_64,) = struct.unpack_from("<Q", head, body + 8)
        if kind == b"data":
            declared = sizes_64 if declared == 0xFFFF_FFFF else declared
            is_declared = declared > 0 and (sizes_64 or declared < _MIN_STREAMED_SIZE)
            return max(0.0, 1 - (size - body) / declared) if is_declared else 0.0
        position = body + declared + declared % 2
    return 0.0


def aiff(data: bytes, start: int) -> ExtractedAudio | None:
    """Parse the AIFF or AIFF-C file at offset `start`; None if it has no sound chunk."""
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
    result = b"FORM" + struct.pack(">I", len(joined)) + joined
    return ExtractedAudio(result, end, missing)


def caf(data: bytes, start: int) -> ExtractedAudio:
    """Parse the Core Audio file at offset `start`."""
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
    return ExtractedAudio(b"".join(kept), min(position, len(data)), missing)


def wave64(data: bytes, start: int) -> ExtractedAudio | None:
    """Parse the Wave64 file at offset `start` into a WAV; None without a format or data chunk."""
    position, missing, count, format_chunk, sound = start + 40, 0.0, 0, b"", b""
    while position + 24 <= len(data) and not file_begins(data, position):
        count += 1
        _check_count(count)
        kind, size = struct.unpack_from("<4s12xQ", data, position)
        content = data[position + 24 : position + size]
        if kind == b"fmt " and not format_chunk:
            format_chunk = content
        elif kind == b"data" and not sound:
            sound = content
            missing = max(0, position + size - len(data)) / max(size, 1)
        position = position + size + -size % 8 if size >= 24 else len(data)
    if not sound or len(format_chunk) < 14:
        return None
    return ExtractedAudio(_minimal_wav(format_chunk, sound), min(position, len(data)), missing)


def _minimal_wav(format_chunk: bytes, sound: bytes) -> bytes:
    length = len(format_chunk)
    head = b"fmt " + struct.pack("<I", length) + format_chunk + bytes(length % 2)
    size = struct.pack("<I", len(head) + len(sound) + 12)
    return b"".join((b"RIFF", size, b"WAVE", head, b"data", struct.pack("<I", len(sound)), sound))


def _is_chunk(data: bytes, position: int) -> bool:
    """Whether there is a name of four printable characters and a size that fits the data."""
    if position + 8 > len(data) or not _NAME.match(data, position):
        return position >= len(data)
    (size,) = struct.unpack_from("<I", data, position + 4)
    return data[position : position + 4] in (b"data", b"fmt ") or position + size <= len(data)


def _bytes_per_second(format_chunk: bytes) -> float:
    if len(format_chunk) < 14:
        return 0.0
    tag, _, rate, average, block = struct.unpack_from("<HHIIH", format_chunk)
    return float(rate * block if tag in _UNCOMPRESSED else average)


def _check_count(count: int) -> None:
    if count > MAX_CHUNKS:
        raise UndecodableAudio(
            f"The file has more than {MAX_CHUNKS} chunks: save it again as WAV or MP3.",
            max_chunks=MAX_CHUNKS,
        )
