"""Parquet in and out; the one place that imports pyarrow, which comes with the `bulk` extra."""

from __future__ import annotations

import hashlib
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from runners.errors import MalformedRequest
from samo.batch.folder import json_of
from samo.batch.sources import TEXT_FIELD, BatchError, Entry, FileState, Refused, Shard, as_entry

_READ_ROWS: Final = 1024
_BAD_VALUE: Final = (
    "The row holds a value that cannot be read: text that is not UTF-8, or a date, duration or "
    "time zone out of range."
)
_DAMAGED: Final = "The row stands in a damaged part of the file."
_SCALARS: Final = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    Any: pa.string(),  # as JSON
}


@dataclass
class Parquet:
    """A Parquet file with a string column `text`; an entry is a row."""

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
                raise BatchError(f"{self.path} has no column `{TEXT_FIELD}`.")
            if len({*names}) != len(names):
                raise BatchError(f"{self.path} has several columns of one name: rename them.")

    def _open(self) -> pq.ParquetFile:
        # read through a buffer: a row group may be larger than the memory
        try:
            return pq.ParquetFile(self.path, buffer_size=1024 * 1024, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise BatchError(f"{self.path} cannot be read as Parquet: {error}") from None

    @cached_property
    def _sha256(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def columns(self) -> pa.Schema:
        """The columns that are carried over: all but the text."""
        with self._open() as file:
            return pa.schema([f for f in file.schema_arrow if f.name != TEXT_FIELD])

    def identity(self) -> dict[str, Any]:
        """Name and SHA-256 of the file."""
        return {"kind": self.kind, "name": self.path.name, "sha256": self._sha256}

    def shards(self) -> list[Shard]:
        """All shards in order."""
        step = self.shard_entries
        return [
            Shard(i, start + 1, min(step, self._rows - start), start)
            for i, start in enumerate(range(0, self._rows, step))
        ]

    def read(self, shard: Shard) -> Iterator[Entry | Refused]:
        """Read the shard's rows; those before it in its row group are decoded and passed over.

        A damaged part of the file costs the rows of this shard in its row group.
        """
        number = shard.first
        with self.path.open("rb") as raw:
            self._state.check(raw, self.path)
        with self._open() as file:
            for group, skip, take in _pieces(file.metadata, shard):
                end = number + take
                try:
                    for row in _rows(file, group, skip, take):
                        yield (
                            as_entry(number, row)
                            if row is not None
                            else _unreadable(number, _BAD_VALUE)
                        )
                        number += 1
                except (pa.ArrowException, OSError):
                    for lost in range(number, end):
                        yield _unreadable(lost, _DAMAGED)
                number = end


def _rows(
    file: pq.ParquetFile, group: int, skip: int, take: int
) -> Iterator[dict[str, Any] | None]:
    """Rows of a row group; None for one with a value that Python cannot hold.

    That is a string that is not UTF-8, a date beyond the year 9999, an unknown time zone.
    """
    for batch in file.iter_batches(batch_size=_READ_ROWS, row_groups=[group]):
        own = batch.slice(min(skip, batch.num_rows), take)
        skip, take = max(0, skip - batch.num_rows), take - own.num_rows
        yield from _as_dictionaries(own)
        if not take:
            return


def _as_dictionaries(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | None]:
    try:
        yield from batch.to_pylist()
    except (pa.ArrowException, ValueError, OverflowError):
        for index in range(batch.num_rows):
            try:
                (row,) = batch.slice(index, 1).to_pylist()
            except (pa.ArrowException, ValueError, OverflowError):
                row = None
            yield row


def _unreadable(number: int, message: str) -> Refused:
    return Refused(number, MalformedRequest(message))


def _pieces(metadata: pq.FileMetaData, shard: Shard) -> Iterator[tuple[int, int, int]]:
    """The row groups that a shard touches: each one's index, rows to skip, rows to take."""
    begin, end, start = shard.offset, shard.offset + shard.entries, 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        first, last = max(begin, start), min(end, start + rows)
        if first < last:
            yield group, first - start, last - first
        start += rows


def arrow_type(annotation: Any) -> pa.DataType:
    """The Arrow type of a schema's annotation; a dictionary becomes a map, Any becomes JSON."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        (annotation,) = (one for one in arguments if one is not type(None))
        return arrow_type(annotation)
    if origin is Literal:
        return pa.string()
    if origin is list:
        return pa.list_(arrow_type(arguments[0]))
    if origin is dict:
        return pa.map_(pa.string(), arrow_type(arguments[1]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct(
            [(name, arrow_type(of.annotation)) for name, of in annotation.model_fields.items()]
        )
    return _SCALARS[annotation]


def schema(source: object, answer_field: str, answer: type[BaseModel]) -> pa.Schema:
    """The columns of a part: a Parquet source's own, else `id` and `fields` as JSON; the answer.

    JSON lines have no types, and what is guessed from one shard may be wrong for the next.
    """
    if isinstance(source, Parquet):
        own = [f for f in source.columns if f.name != answer_field]
        if "id" not in source.columns.names:
            own.insert(0, pa.field("id", pa.int64()))
    else:
        own = [pa.field("id", pa.string()), pa.field("fields", pa.string())]
    return pa.schema([*own, pa.field(answer_field, arrow_type(answer))])


def write(path: Path, records: Sequence[dict[str, Any]], columns: pa.Schema) -> None:
    """Write `records` as one Parquet file."""
    answer_field = columns.names[-1]
    answer_type = columns.field(answer_field).type
    rows = [
        {**_own(record, columns), answer_field: _fitted(record[answer_field], answer_type)}
        for record in records
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=columns), path, compression="zstd")


def _own(record: dict[str, Any], columns: pa.Schema) -> dict[str, Any]:
    if columns.names[:2] != ["id", "fields"]:
        return {name: record.get(name) for name in columns.names[:-1]}
    identifier = record["id"]
    others = {name: record[name] for name in record if name not in ("id", columns.names[-1])}
    return {
        "id": identifier if isinstance(identifier, str) else _json(identifier),
        "fields": _json(others),
    }


def _fitted(value: Any, kind: pa.DataType) -> Any:
    """`value` with JSON where the schema has a string for what may be anything."""
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {f.name: _fitted(value.get(f.name), f.type) for f in kind}
    if pa.types.is_list(kind):
        return [_fitted(one, kind.value_type) for one in value]
    if pa.types.is_map(kind):
        return [(key, _fitted(one, kind.item_type)) for key, one in value.items()]
    if pa.types.is_string(kind) and not isinstance(value, str):
        return _json(value)
    return value


def _json(value: Any) -> str:
    return json_of(value).decode()
