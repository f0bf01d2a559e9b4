"""Entries, shards and errors of a batch run; every source and every executor uses these types."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol, Self

from pydantic import ValidationError

from runners.errors import SamoError
from samo.api.schemas import JournalRequest
from samo.api.validation import body_error

TEXT_FIELD: Final = "text"
Records = Sequence[dict[str, Any]]


class BatchRunError(Exception):
    """The run cannot start with these arguments. The message states what to change."""

    status = 2


class RunInterrupted(BatchRunError):
    """The run had to stop before its end. The same command resumes it."""

    status = 1


class UnreadableFile(SamoError):
    """A recording that is listed but cannot be read. HTTP has no such error."""

    status = 422
    code = "unreadable_file"


@dataclass(frozen=True, slots=True)
class Shard:
    """Entries `first` to `first + entries - 1` of a source, counted from 1.

    They start at `offset`: in bytes for JSON lines, in rows for Parquet, in files for a folder.
    """

    index: int
    first: int
    entries: int
    offset: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry to analyse.

    Attributes:
        number: its position in the source, from 1.
        fields: its other fields, which are copied to the output.
        content: a text, or the path of a recording.

    """

    number: int
    fields: dict[str, Any]
    content: str | Path


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that cannot be used; `file` is the recording's name, None for a text."""

    number: int
    error: SamoError
    file: str | None = None


class EntrySource(Protocol):
    """Entries that can be read shard by shard.

    A shard includes its offset, so any worker can read it without reading the others. No more than
    a part of the source is in memory.
    """

    kind: str

    def fingerprint(self) -> dict[str, Any]:
        """Name and SHA-256: a run that is resumed must have the same source."""
        ...

    def shards(self) -> list[Shard]:
        """All shards in order."""
        ...

    def read(self, shard: Shard) -> Iterator[Entry | RefusedEntry]:
        """The entries of a shard in order."""
        ...


def text_entry(number: int, fields: dict[str, Any]) -> Entry | RefusedEntry:
    """Validate an entry's text as `POST /analyze/journal` does, and keep the other fields.

    An entry without an `id` gets its number as `id`.
    """
    body = {TEXT_FIELD: fields.pop(TEXT_FIELD)} if TEXT_FIELD in fields else {}
    try:
        text = JournalRequest.model_validate(body).text
    except ValidationError as error:
        return RefusedEntry(number, body_error(error, JournalRequest))
    return Entry(number, {"id": number, **fields}, text)


def equal_shards(entries: int, shard_entries: int) -> list[Shard]:
    """Return shards of `shard_entries` each, and a shorter last one; offsets count entries."""
    return [
        Shard(index, start + 1, min(shard_entries, entries - start), start)
        for index, start in enumerate(range(0, entries, shard_entries))
    ]


@dataclass(frozen=True, slots=True)
class FileState:
    """Size and modification time of a file, to detect changes during the run."""

    size: int
    modified_ns: int

    @classmethod
    def of(cls, file: IO[bytes]) -> Self:
        """Return the state of an open file."""
        state = os.fstat(file.fileno())
        return cls(state.st_size, state.st_mtime_ns)

    def check_unchanged(self, file: IO[bytes], path: Path) -> None:
        """Raise `RunInterrupted` if the file has changed: its offsets are no longer valid."""
        if FileState.of(file) != self:
            raise RunInterrupted(f"{path} was changed while it was read: restore the original.")
