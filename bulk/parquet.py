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
import pydantic_core
from pydantic import BaseModel

from bulk.sources import TEXT_FIELD, BatchError, Entry, Refused, Shard, as_entry

_READ_ROWS: Final = 1024
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
        with self._open() as file:
            self._rows: int = file.metadata.num_rows
            if TEXT_FIELD not in file.schema_arrow.names:
                raise BatchError(f"{self.path} has no column `{TEXT_FIELD}`.")

    def _open(self) -> pq.ParquetFile:
        # read through a buffer: a row group may be larger than the memory
        return pq.ParquetFile(self.path, buffer_size=1024 * 1024, pre_buffer=False)

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
        """Read the shard's rows; those before it in its row group are decoded and passed over."""
        with self._open() as file:
            groups, ahead = _groups_from(file.metadata, shard.offset)
            number, left = shard.first, shard.entries
            for batch in file.iter_batches(batch_size=_READ_ROWS, row_groups=groups):
                skipped = min(ahead, batch.num_rows)
                ahead -= skipped
                for row in batch.slice(skipped, left).to_pylist():
                    yield as_entry(number, row)
                    number, left = number + 1, left - 1
                if not left:
                    return


def _groups_from(metadata: pq.FileMetaData, row: int) -> tuple[list[int], int]:
    """The row groups from that of `row` on, and how far into the first `row` lies."""
    groups = list(range(metadata.num_row_groups))
    while row >= (rows := metadata.row_group(groups[0]).num_rows):
        row -= rows
        groups.pop(0)
    return groups, row


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
    return pydantic_core.to_json(value).decode()
