"""Prepare an upload for ffmpeg: remove tags, split concatenated files, limit the size of tables.

A recorder that was stopped and restarted, or a script that concatenates files, creates an upload of
several complete files. ffmpeg decodes the first and ignores the others without an error. So they
are split here and decoded one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

from runners.errors import UndecodableAudio
from samo.audio import audio_errors, boxes, chunks, ebml, ogg, tags
from samo.audio.formats import file_begins, next_file

MAX_PARTS: Final = 300
"""Concatenated files in one upload: five minutes in files of one second."""

_FLAC: Final = re.compile(rb"fLaC[\x00\x80]\0\0\x22")
_AMR: Final = re.compile(rb"#!AMR(?:-WB)?\n")
_ASF: Final = re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c")
_ASF_PROPERTIES: Final = re.compile(
    rb"\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65.{24}(.{8})", re.DOTALL
)
_SCANNED: Final = ((b"fLaC", _FLAC), (b"#!AMR", _AMR), (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _ASF))
_CHUNKED: Final = frozenset((b"RIFF", b"RF64", b"BW64", b"FORM", b"riff", b"caff"))
_BOXES: Final = frozenset(
    b"ftyp styp moov moof mdat sidx wide free skip uuid junk pict pnot udta meta prfl".split()
)
_UNSTRUCTURED_FORMATS: Final = "mp3,aac,ac3,eac3,au,gsm,qcp,dss"
"""Formats without tables and without tags of their own format."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the files in an upload; most uploads have one."""

    data: bytes
    demuxers: str
    """Names of the ffmpeg demuxers that may read it: it was checked for these."""
    missing_share: float = 0.0
    """Share of the declared audio that is missing."""
    is_truncated: bool = False
    """The last page, block or fragment is incomplete."""


def split_files(data: bytes, factor: int = 1) -> list[Part]:
    """Split an upload into its files, without leading tags.

    Tables and counts may have the size that `factor` times 300 s of audio can need.
    """
    data = tags.without_leading(data)
    parts: list[Part] = []
    position = 0
    while position < len(data):
        part, position = _next_part(data, position, factor)
        parts.extend(part)
        if len(parts) > MAX_PARTS:
            raise UndecodableAudio(
                f"More than {MAX_PARTS} files were joined into one: upload them in several files.",
                max_parts=MAX_PARTS,
            )
        following = next_file(data, position)
        position = len(data) if following is None else following
    return parts


def _next_part(data: bytes, start: int, factor: int) -> tuple[list[Part], int]:
    """Return the file at offset `start`, or all of a chain of files, and the end offset."""
    head = data[start : start + 12]
    if head[:4] in _CHUNKED:
        extracted = _chunked(data, start, head)
        if extracted is not None:
            demuxer = {b"FORM": "aiff", b"caff": "caf"}.get(head[:4], "wav")
            part = Part(extracted.data, demuxer, missing_share=extracted.missing_share)
            return [part], extracted.end
    if head[4:8] in _BOXES:
        return _mp4(data, start, factor)
    if head[:4] == b"OggS":
        return _ogg(data[start:], factor), len(data)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _matroska(data, start, factor)
    if head[:4] == b"DSD ":
        return [Part(tags.without_dsf(data[start:]), "dsf")], len(data)
    if head[:4] == b"wvpk":
        return [Part(tags.without_ape(data[start:]), "wv")], len(data)
    for name, pattern in _SCANNED:
        if head.startswith(name):
            following = _bounded_matches(pattern, data, start + 1)
            bounds = [start, *(match.start() for match in following), len(data)]
            return [_scanned_part(data[a:b]) for a, b in pairwise(bounds)], len(data)
    return [Part(tags.without_inner(data[start:]), _UNSTRUCTURED_FORMATS)], len(data)


def _chunked(data: bytes, start: int, head: bytes) -> chunks.ExtractedAudio | None:
    """Extract the audio of a WAV, AIFF, CAF or Wave64; None for other files with chunks."""
    if head[:4] == b"caff":
        return chunks.caf(data, start)
    extracted = None
    if head[:4] == b"riff":
        extracted = chunks.wave64(data, start)
    elif head[8:] in (b"AIFF", b"AIFC"):
        extracted = chunks.aiff(data, start)
    elif head[8:] == b"WAVE" and head[:4] != b"RIFX":
        extracted = chunks.wav(data, start)
    else:
        return None
    if extracted is None:
        raise audio_errors.damaged()
    return extracted


def _scanned_part(data: bytes) -> Part:
    """Return a FLAC, AMR or ASF file; ASF declares its size in its File Properties Object."""
    if data[:4] == b"fLaC":
        return Part(tags.without_flac(data), "flac")
    if not _ASF.match(data):
        return Part(data, "amr")
    found = _ASF_PROPERTIES.search(data, 0, 65_536)
    size = int.from_bytes(found[1], "little") if found else 0
    share = max(0.0, 1 - len(data) / size) if size else 0.0
    return Part(tags.without_asf(data), "asf", missing_share=share)


def _bounded_matches(pattern: re.Pattern[bytes], data: bytes, start: int) -> list[re.Match[bytes]]:
    """Return the first matches, one more than allowed parts at most."""
    found: list[re.Match[bytes]] = []
    for match in pattern.finditer(data, start):
        found.append(match)
        if len(found) > MAX_PARTS:
            break
    return found


def _mp4(data: bytes, start: int, factor: int) -> tuple[list[Part], int]:
    stop, end, missing, fragment, kinds = len(data), start, 0, 0, list[bytes]()
    for box in islice(boxes.boxes(data, start, len(data)), factor * boxes.MAX_BOXES):
        if b"moov" in kinds and b"mdat" in kinds and file_begins(data, box.start):
            stop = box.start
            break
        missing, end = max(0, box.end - len(data)), box.end
        if box.kind not in kinds:
            kinds.append(box.kind)
        if box.kind == b"moof":
            number = boxes.fragment_number(data, box)
            if number < fragment:
                raise audio_errors.wrong_order()
            fragment = number
    if stop == len(data) and end < stop and b"mdat" in kinds:
        stop = next_file(data, end) or stop
    if b"moof" in kinds and b"moov" not in kinds[: kinds.index(b"moof")]:
        raise audio_errors.wrong_order() if b"moov" in kinds else audio_errors.later_fragment()
    boxes.check_tables(data, start, stop, factor)
    part = tags.without_mp4(data[start:stop])
    return [Part(part, "mov", is_truncated=missing > 0 and b"moof" in kinds)], stop


def _ogg(data: bytes, factor: int) -> list[Part]:
    pages = ogg.scan_pages(data, factor)
    if not pages.begins_with_header:
        raise audio_errors.wrong_order() if pages.starts else audio_errors.later_fragment()
    bounds = [*(pages.starts or [0]), len(data)]
    bounds[0] = 0
    parts = [Part(data[a:b], "ogg") for a, b in pairwise(bounds)]
    parts[-1] = Part(parts[-1].data, "ogg", is_truncated=not pages.is_complete)
    return parts


def _matroska(data: bytes, start: int, factor: int) -> tuple[list[Part], int]:
    following = ebml.HEADER.search(data, start + 4)
    stop = following.start() if following else len(data)
    part = data[start:stop]
    scan = ebml.scan_elements(part, factor * ebml.MAX_ELEMENTS)
    if scan.elements >= factor * ebml.MAX_ELEMENTS:
        raise UndecodableAudio(
            "The file has more blocks than a recording can need: save it again as MP3."
        )
    if scan.end is not None:
        part, stop = part[: scan.end], start + scan.end
    part = tags.without_matroska(part)
    return [Part(part, "matroska", is_truncated=scan.missing_bytes > 0)], stop
