"""Decode a file of hours into another file, in blocks: neither is ever in memory.

A file of up to `MAX_PARSED_BYTES` is parsed as an upload is: without tags, split into the files it
was joined from, with all checks for completeness. A larger one is given to ffmpeg as it is. Call
`decode_file` in a process with limits of the kernel, because ffmpeg takes long over hostile tags.
"""

from __future__ import annotations

import io
import mmap
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Final

import numpy as np

from runners.errors import UndecodableAudio
from samo.audio import audio_errors, chunks, ebml
from samo.audio.decoding import decode_part
from samo.audio.layout import Part, split_files
from samo.audio.mixing import speech_energy
from samo.audio.track import BLOCK_SAMPLES, RemainingDuration
from samo.audio.types import SAMPLE_RATE, Gap, Samples

MAX_PARSED_BYTES: Final = 64 * 1024 * 1024
"""An hour of MP3 at 128 kbit/s has 58 MB."""
SAMPLE_BYTES: Final = 2
"""Samples are written as 16-bit integers of this machine's byte order."""

_SCALE: Final = 32768
_COPY_BYTES: Final = 1 << 20
_HEAD_BYTES: Final = 65_536
_FIRST_SIGNATURE: Final = 64
"""The signature of the file itself is before this offset."""
# By the first bytes of a file: the demuxers that may read it.
_DEMUXERS: Final = (
    (re.compile(rb"(?:RIFF|RF64|BW64)....WAVE", re.DOTALL), "wav"),
    (re.compile(rb"riff\x2e\x91\xcf\x11"), "w64"),
    (re.compile(rb"FORM....AIF[FC]", re.DOTALL), "aiff"),
    (re.compile(rb"caff\x00\x01"), "caf"),
    (re.compile(rb"OggS"), "ogg"),
    (re.compile(rb"fLaC"), "flac"),
    (re.compile(rb"wvpk"), "wv"),
    (re.compile(rb"#!AMR"), "amr"),
    (re.compile(rb"DSD "), "dsf"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "matroska"),
    (re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), "asf"),
    (re.compile(rb"....(?:ftyp|styp|moov|mdat|wide|free|skip)", re.DOTALL), "mov"),
)
_UNSTRUCTURED: Final = "mp3,aac,ac3,eac3,au,gsm,qcp,dss"
# Where a second file begins: a literal, its offset in the signature, and the signature, which is
# too long to occur by chance.
_JOINED: Final = (
    (b"WAVEfmt ", 8, re.compile(rb"(?:RIFF|RF64|BW64)....WAVEfmt ", re.DOTALL)),
    (b"fLaC", 0, re.compile(rb"fLaC[\x00\x80]\0\0\x22")),
    (b"ftyp", 4, re.compile(rb"\0\0\0.ftyp(?:M4A |isom|iso5|mp42|qt  )", re.DOTALL)),
    (b"\x1a\x45\xdf\xa3", 0, ebml.HEADER),
)


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """What is known of a decoded file."""

    samples: int
    """Mono samples at 16 kHz."""
    container: str
    codec: str
    gaps: tuple[Gap, ...]


def decode_file(
    file: BinaryIO,
    output: BinaryIO,
    max_seconds: float,
    on_open: Callable[[], None] = lambda: None,
) -> DecodedFile:
    """Decode a recording to 16-bit mono samples at 16 kHz, which are written to `output`.

    `on_open` is called before anything is parsed, when no other file need be opened.

    Raises:
        UnsupportedAudio: `file` is empty or not in a supported audio format.
        UndecodableAudio: It is damaged, truncated or a fragment.
        AudioTooLong: It is longer than `max_seconds`; decoding stops there.

    """
    size = file.seek(0, io.SEEK_END)
    if not size:
        raise audio_errors.empty()
    sink = _FileSink(output)
    remaining = RemainingDuration(max_seconds)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        on_open()
        if size <= MAX_PARSED_BYTES:
            return _decode_parts(split_files(content[:], remaining.factor), remaining, sink)
        part = _large_part(content)
        _refuse_joined(content)
        track = decode_part(part, remaining, sink, partial(_reopened, file))
        sink.end_part()
    return DecodedFile(track.sample_count, track.container, track.codec, tuple(track.gaps))


def _reopened(file: BinaryIO) -> BinaryIO:
    """The file from its start; closing it leaves `file` open."""
    file.seek(0)
    return io.BufferedReader(io.FileIO(file.fileno(), closefd=False))


def _decode_parts(parts: list[Part], remaining: RemainingDuration, sink: _FileSink) -> DecodedFile:
    gaps: list[Gap] = []
    samples = 0
    container = codec = ""
    for part in parts:
        with suppress(audio_errors.NoAudioSamples):
            track = decode_part(part, remaining, sink)
            sink.end_part()
            seconds = samples / SAMPLE_RATE
            gaps += [Gap(gap.start + seconds, gap.seconds) for gap in track.gaps]
            samples += track.sample_count
            container, codec = container or track.container, codec or track.codec
    if not samples:
        raise audio_errors.no_audio_samples()
    return DecodedFile(samples, container, codec, tuple(gaps))


class _FileSink:
    """Writes a track to a file, after those of the parts before it."""

    block_samples = BLOCK_SAMPLES

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._part_start = self._track_start = 0
        self._energy = 0.0

    def begin(self) -> None:
        self._output.seek(self._track_start)
        self._output.truncate()
        self._energy = 0.0

    def add(self, samples: Samples) -> None:
        values = np.clip(np.rint(samples * _SCALE), -_SCALE, _SCALE - 1)
        self._output.write(values.astype(np.int16).data)
        self._energy += speech_energy(samples) * len(samples)

    def speech_energy(self) -> float:
        return self._energy

    def keep(self) -> None:
        """Move the track to the start of the part, over the one kept before."""
        end = self._output.tell()
        for position in range(self._track_start, end, _COPY_BYTES):
            if self._track_start == self._part_start:
                break
            self._output.seek(position)
            content = self._output.read(min(_COPY_BYTES, end - position))
            self._output.seek(position - self._track_start + self._part_start)
            self._output.write(content)
        self._track_start = self._part_start + end - self._track_start
        self._output.seek(self._track_start)
        self._output.truncate()

    def end_part(self) -> None:
        """The track that was kept stays; the next part is written after it."""
        self._output.seek(self._track_start)
        self._output.truncate()
        self._output.flush()
        self._part_start = self._track_start


def _large_part(content: mmap.mmap) -> Part:
    """A file that is not parsed, only its first bytes are."""
    head = content[:_HEAD_BYTES]
    if head[:3] == b"ID3":
        return Part(head, _UNSTRUCTURED)
    demuxers = next((name for pattern, name in _DEMUXERS if pattern.match(head)), _UNSTRUCTURED)
    missing = chunks.missing_wav_share(head, len(content)) if demuxers == "wav" else 0.0
    truncated = demuxers == "matroska" and ebml.scan_elements(content).missing_bytes > 0  # type: ignore[arg-type]
    return Part(head, demuxers, missing_share=missing, is_truncated=truncated)


def _refuse_joined(content: mmap.mmap) -> None:
    """Raise if another file follows: ffmpeg would ignore it without an error."""
    for literal, offset, signature in _JOINED:
        position = content.find(literal, _FIRST_SIGNATURE)
        while position >= 0:
            if signature.match(content, position - offset):
                raise UndecodableAudio(
                    "The file consists of several recordings that were joined byte by byte: send "
                    "them one by one, or save them as one recording."
                )
            position = content.find(literal, position + 1)
