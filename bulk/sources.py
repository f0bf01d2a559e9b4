"""Where entries come from: JSON lines, Parquet, a folder of recordings.

A source is cut into shards of so many entries. A shard says where it begins, so that any worker
can read it by itself, and nothing of the source is held in memory. An entry that cannot be used
becomes a `Refused`, which knows its number and its error, and nothing that was written in it.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pydantic_core
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from samo.errors import InvalidRequest, MalformedRequest, PayloadTooLarge, SamoError
from samo.http import validation_error
from samo.limits import MAX_AUDIO_BYTES
from samo.schemas import JournalRequest

TEXT_FIELD: Final = "text"
# An entry's text has at most 20,000 characters; the rest is room for its other fields.
MAX_LINE_BYTES: Final = 8 * 1024 * 1024
AUDIO_SUFFIXES: Final = frozenset(
    {".wav", ".mp3", ".m4a", ".mp4", ".aac", ".ogg", ".oga", ".opus", ".webm", ".flac"}
)
_SCAN_BYTES: Final = 1024 * 1024
_NEWLINE: Final = 10


class BatchError(Exception):
    """A run cannot be started as it was asked for; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Entries `first` to `first + entries - 1`, numbered from 1; they begin at `offset`.

    The offset counts bytes in JSON lines, rows in Parquet, files in a folder.
    """

    index: int
    first: int
    entries: int
    offset: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A text or a recording to analyse, with the fields that are carried over to its answer."""

    number: int
    fields: dict[str, Any]
    content: str | Path


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that cannot be used; `file` is the recording's, None for texts."""

    number: int
    error: SamoError
    file: str | None = None


class Source(Protocol):
    """Entries that can be read a shard at a time."""

    kind: str

    def identity(self) -> dict[str, Any]:
        """What a later run must find again to go on with this one: name, size, SHA-256."""
        ...

    def shards(self) -> list[Shard]:
        """All shards in order."""
        ...

    def read(self, shard: Shard) -> Iterator[Entry | Refused]:
        """The shard's entries in order."""
        ...


def as_entry(number: int, fields: dict[str, Any]) -> Entry | Refused:
    """Check an entry's text as `POST /analyze/journal` does; the rest is carried over.

    An entry without an `id` gets its number for one.
    """
    given = {TEXT_FIELD: fields.pop(TEXT_FIELD)} if TEXT_FIELD in fields else {}
    try:
        text = JournalRequest.model_validate(given).text
    except ValidationError as error:
        problems = [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()]
        return Refused(number, validation_error(RequestValidationError(problems)))
    return Entry(number, {"id": number, **fields}, text)


@dataclass
class JsonLines:
    """A file with a JSON object a line; empty lines are passed over."""

    path: Path
    shard_entries: int
    kind: str = "jsonl"
    _shards: list[Shard] = field(init=False)
    _sha256: str = field(init=False)

    def __post_init__(self) -> None:
        """Find where each shard begins; one pass over the file, a megabyte at a time."""
        digest, starts, lines, offset, last = hashlib.sha256(), [0], 0, 0, b"\n"
        with self.path.open("rb") as file:
            while chunk := file.read(_SCAN_BYTES):
                digest.update(chunk)
                ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _NEWLINE)
                # newline number `lines + i + 1` ends a shard where that is a multiple
                own = ends[(-lines - 1) % self.shard_entries :: self.shard_entries]
                starts.extend(int(end) + offset + 1 for end in own)
                lines, offset, last = lines + len(ends), offset + len(chunk), chunk[-1:]
        lines += last != b"\n"
        self._sha256 = digest.hexdigest()
        self._shards = [
            Shard(i, i * self.shard_entries + 1, min(self.shard_entries, left), start)
            for i, start in enumerate(starts)
            if (left := lines - i * self.shard_entries) > 0
        ]

    def identity(self) -> dict[str, Any]:
        """Name and SHA-256 of the file."""
        return {"kind": self.kind, "name": self.path.name, "sha256": self._sha256}

    def shards(self) -> list[Shard]:
        """All shards in order."""
        return self._shards

    def read(self, shard: Shard) -> Iterator[Entry | Refused]:
        """Parse the shard's lines."""
        with self.path.open("rb") as file:
            file.seek(shard.offset)
            for number in range(shard.first, shard.first + shard.entries):
                line = file.readline(MAX_LINE_BYTES)
                if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                        pass
                    yield Refused(number, _line_too_long())
                elif line.strip():
                    yield _parse(number, line.removeprefix(codecs.BOM_UTF8))


def _line_too_long() -> SamoError:
    return PayloadTooLarge(
        f"The line is too long: it may have {MAX_LINE_BYTES} bytes.", limit_bytes=MAX_LINE_BYTES
    )


def _parse(number: int, line: bytes) -> Entry | Refused:
    try:
        fields = pydantic_core.from_json(line, allow_inf_nan=False)
    except ValueError as error:
        return Refused(number, MalformedRequest(f"The line is no valid JSON: {error}."))
    if not isinstance(fields, dict):
        return Refused(number, InvalidRequest("The line must be a JSON object with a `text`."))
    return as_entry(number, fields)


@dataclass
class Recordings:
    """A folder of recordings, with its subfolders, in the order of their names."""

    path: Path
    shard_entries: int
    kind: str = "audio"
    _files: list[str] = field(init=False)
    _sha256: str = field(init=False)

    def __post_init__(self) -> None:
        """List the recordings; other files are passed over."""
        digest = hashlib.sha256()
        self._files = sorted(
            path.relative_to(self.path).as_posix()
            for path in self.path.rglob("*")
            if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file()
        )
        for file in self._files:
            digest.update(f"{file}\0{(self.path / file).stat().st_size}\n".encode())
        self._sha256 = digest.hexdigest()

    def identity(self) -> dict[str, Any]:
        """Name of the folder and SHA-256 over the files' names and sizes."""
        return {"kind": self.kind, "name": self.path.resolve().name, "sha256": self._sha256}

    def shards(self) -> list[Shard]:
        """All shards in order."""
        step = self.shard_entries
        return [
            Shard(i, start + 1, min(step, len(self._files) - start), start)
            for i, start in enumerate(range(0, len(self._files), step))
        ]

    def read(self, shard: Shard) -> Iterator[Entry | Refused]:
        """The shard's files; their `id` is the path within the folder."""
        files = self._files[shard.offset : shard.offset + shard.entries]
        for number, file in enumerate(files, start=shard.first):
            path = self.path / file
            if path.stat().st_size > MAX_AUDIO_BYTES:
                yield Refused(number, _recording_too_large(), file)
            else:
                yield Entry(number, {"id": file}, path)


def _recording_too_large() -> SamoError:
    return PayloadTooLarge(
        f"The recording is too large: it may have {MAX_AUDIO_BYTES} bytes. Compress it, or cut it.",
        limit_bytes=MAX_AUDIO_BYTES,
    )


def open_source(path: Path, shard_entries: int | None = None) -> Source:
    """The source at `path`, by what it is. Raises `BatchError` for what cannot be read here."""
    if path.is_dir():
        source: Source = Recordings(path, shard_entries or 32)
    elif not path.is_file():
        raise BatchError(f"{path} is not there: name a JSONL or Parquet file, or a folder.")
    elif path.suffix.lower() == ".parquet":
        from bulk.parquet import Parquet  # pyarrow is not part of the service

        source = Parquet(path, shard_entries or 1000)
    elif path.suffix.lower() in {".jsonl", ".ndjson"}:
        source = JsonLines(path, shard_entries or 1000)
    else:
        raise BatchError(f"{path} ends neither with .jsonl nor with .parquet.")
    if not source.shards():
        raise BatchError(f"There is nothing to analyse in {path}.")
    return source
