"""Where entries come from: JSON lines here, Parquet and folders of recordings in their own files.

A source is cut into shards of so many entries. A shard says where it begins, so that any worker
can read it by itself, and nothing of the source is held in memory. An entry that cannot be used
becomes a `Refused`, which knows its number and its error, and nothing that was written in it.
"""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, Protocol, Self

import numpy as np
import pydantic_core
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from runners.errors import InvalidRequest, MalformedRequest, PayloadTooLarge, SamoError
from samo.api.schemas import JournalRequest
from samo.api.validation import validation_error

TEXT_FIELD: Final = "text"
# An entry's text has at most 20,000 characters; the rest is room for its other fields.
MAX_LINE_BYTES: Final = 8 * 1024 * 1024
_SCAN_BYTES: Final = 1024 * 1024
_NEWLINE: Final = 10
_OTHER_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class BatchError(Exception):
    """A run cannot be started as it was asked for; the message says what to do."""

    status = 2


class Stopped(BatchError):
    """A run had to stop on its way; the same command goes on where it was."""

    status = 1


class UnreadableFile(SamoError):
    """A recording that is there by name and cannot be read; HTTP has no such error."""

    status = 422
    code = "unreadable_file"


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


def _is_utf8(line: bytes) -> bool:
    """Whether a line is UTF-8, and no UTF-16, whose Latin letters are UTF-8 with zeros between."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in line


@dataclass(frozen=True, slots=True)
class FileState:
    """By what a change of the input during a run is noticed."""

    size: int
    modified_ns: int

    @classmethod
    def of(cls, file: IO[bytes]) -> Self:
        """The state of an open file."""
        state = os.fstat(file.fileno())
        return cls(state.st_size, state.st_mtime_ns)

    def check(self, file: IO[bytes], path: Path) -> None:
        """Raise `Stopped` where the file has changed: its lines are no longer where they were."""
        if FileState.of(file) != self:
            raise Stopped(f"{path} was changed while it was read: put it back as it was.")


@dataclass
class JsonLines:
    """A file with a JSON object a line; empty lines are passed over."""

    path: Path
    shard_entries: int
    kind: str = "jsonl"
    _shards: list[Shard] = field(init=False)
    _sha256: str = field(init=False)
    _state: FileState = field(init=False)

    def __post_init__(self) -> None:
        """Find where each shard begins; one pass over the file, a megabyte at a time."""
        digest, starts, lines, offset, last = hashlib.sha256(), [0], 0, 0, b"\n"
        with self.path.open("rb") as file:
            self._state = FileState.of(file)
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
            self._state.check(file, self.path)
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
        if line.startswith(_OTHER_MARKS) or not _is_utf8(line):
            return Refused(
                number, MalformedRequest("The line is not UTF-8: convert the file to UTF-8.")
            )
        return Refused(number, MalformedRequest(f"The line is no valid JSON: {error}."))
    if not isinstance(fields, dict):
        return Refused(number, InvalidRequest("The line must be a JSON object with a `text`."))
    return as_entry(number, fields)


def open_source(path: Path, shard_entries: int | None = None, output: Path | None = None) -> Source:
    """The source at `path`, by what it is. Raises `BatchError` for what cannot be read here.

    `output` is the run's own folder, which is passed over where it lies in a folder of recordings.
    """
    try:
        return _source(path, shard_entries, output)
    except OSError as error:
        raise BatchError(f"{path} cannot be read: {error.strerror or error}.") from None


def _source(path: Path, shard_entries: int | None, output: Path | None) -> Source:
    if path.is_dir():
        from samo.batch.recordings import Recordings  # which imports this module

        return Recordings(path, shard_entries or 32, output)
    if not path.is_file():
        raise BatchError(f"{path} is not there: name a JSONL or Parquet file, or a folder.")
    if path.suffix.lower() == ".parquet":
        from samo.batch.parquet import Parquet  # pyarrow is not part of the service

        return Parquet(path, shard_entries or 1000)
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        return JsonLines(path, shard_entries or 1000)
    raise BatchError(
        f"{path} ends neither with .jsonl nor with .parquet. DuckDB makes JSON lines of a table: "
        "copy (from 'IN.csv') to 'IN.jsonl'."
    )
