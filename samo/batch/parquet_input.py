"""Read entries from a Parquet file. Needs pyarrow, which the `bulk` extra installs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from runners.errors import MalformedRequest
from samo.batch.entries import (
    TEXT_FIELD,
    BatchRunError,
    Entry,
    FileState,
    RefusedEntry,
    Shard,
    equal_shards,
    text_entry,
)

_ROWS_PER_READ: Final = 1024
_BAD_VALUE: Final = (
    "The row has a value that cannot be read: text that is not UTF-8, or a date, duration or "
    "time zone out of range."
)
_DAMAGED: Final = "The row is in a damaged part of the file."


@dataclass
class ParquetFile:
    """A Parquet file with a string column `text`; each row is an entry."""

    path: Path
    shard_entries: int
    kind: str = "parquet"

    def __post_init__(self) -> None:
        """Read the file's footer."""
        with self.path.open("rb") as raw:
            self._state = FileState.of(raw)
        with self._open() as file:
            self._rows: int = file.metadata.num_rows
            names = file.schema_arrow.names
            if TEXT_FIELD not in names:
                raise BatchRunError(f"{self.path} has no column `{TEXT_FIELD}`.")
            if len({*names}) != len(names):
                raise BatchRunError(
                    f"{self.path} has several columns with the same name: rename them."
                )

    def _open(self) -> pq.ParquetFile:
        # read through a buffer: a row group may be larger than the memory
        try:
            return pq.ParquetFile(self.path, buffer_size=1024 * 1024, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise BatchRunError(f"{self.path} cannot be read as Parquet: {error}") from None

    @cached_property
    def _sha256(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def columns(self) -> pa.Schema:
        """The columns that are copied to the output: all except the text."""
        with self._open() as file:
            return pa.schema([f for f in file.schema_arrow if f.name != TEXT_FIELD])

    def fingerprint(self) -> dict[str, Any]:
        """Name and SHA-256 of the file."""
        return {"kind": self.kind, "name": self.path.name, "sha256": self._sha256}

    def shards(self) -> list[Shard]:
        """All shards in order."""
        return equal_shards(self._rows, self.shard_entries)

    def read(self, shard: Shard) -> Iterator[Entry | RefusedEntry]:
        """Read the rows of a shard. Rows before them in the same row group are decoded, too.

        If a row group is damaged, the shard's rows in it are refused.
        """
        number = shard.first
        with self.path.open("rb") as raw:
            self._state.check_unchanged(raw, self.path)
        with self._open() as file:
            for row_group, skip, take in _row_groups(file.metadata, shard):
                end = number + take
                try:
                    for row in _rows(file, row_group, skip, take):
                        yield _row_entry(number, row)
                        number += 1
                except (pa.ArrowException, OSError):
                    for damaged in range(number, end):
                        yield RefusedEntry(damaged, MalformedRequest(_DAMAGED))
                number = end


def _row_entry(number: int, row: dict[str, Any] | None) -> Entry | RefusedEntry:
    if row is None:
        return RefusedEntry(number, MalformedRequest(_BAD_VALUE))
    return text_entry(number, row)


def _row_groups(metadata: pq.FileMetaData, shard: Shard) -> Iterator[tuple[int, int, int]]:
    """Row groups of a shard: the index of each, and its rows to skip and to take."""
    begin, end, start = shard.offset, shard.offset + shard.entries, 0
    for index in range(metadata.num_row_groups):
        rows = metadata.row_group(index).num_rows
        first, last = max(begin, start), min(end, start + rows)
        if first < last:
            yield index, first - start, last - first
        start += rows


def _rows(
    file: pq.ParquetFile, row_group: int, skip: int, take: int
) -> Iterator[dict[str, Any] | None]:
    """Rows of a row group; None for a row with a value that Python cannot represent.

    That is a string that is not UTF-8, a date after the year 9999, or an unknown time zone.
    """
    for batch in file.iter_batches(batch_size=_ROWS_PER_READ, row_groups=[row_group]):
        rows = batch.slice(min(skip, batch.num_rows), take)
        skip, take = max(0, skip - batch.num_rows), take - rows.num_rows
        yield from _as_dictionaries(rows)
        if not take:
            return


def _as_dictionaries(rows: pa.RecordBatch) -> Iterator[dict[str, Any] | None]:
    try:
        yield from rows.to_pylist()
    except (pa.ArrowException, ValueError, OverflowError):
        for index in range(rows.num_rows):
            try:
                (row,) = rows.slice(index, 1).to_pylist()
            except (pa.ArrowException, ValueError, OverflowError):
                row = None
            yield row
