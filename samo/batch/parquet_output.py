"""Write parts as Parquet. Needs pyarrow, which the `bulk` extra installs."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from samo.batch.entries import EntrySource, Records
from samo.batch.json_lines import to_json
from samo.batch.parquet_input import ParquetFile

_SCALARS: Final = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    Any: pa.string(),  # as JSON
}


def output_schema(
    source: EntrySource, output_field: str, output_type: type[BaseModel]
) -> pa.Schema:
    """Columns of a part: those of a Parquet source, or `id` and `fields` as JSON; then the output.

    JSON lines have no types, and types guessed from one shard may be wrong for the next.
    """
    if isinstance(source, ParquetFile):
        columns = [column for column in source.columns if column.name != output_field]
        if "id" not in source.columns.names:
            columns.insert(0, pa.field("id", pa.int64()))
    else:
        columns = [pa.field("id", pa.string()), pa.field("fields", pa.string())]
    return pa.schema([*columns, pa.field(output_field, arrow_type(output_type))])


def arrow_type(annotation: Any) -> pa.DataType:
    """Arrow type of a schema's annotation; a dictionary becomes a map, Any becomes JSON."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        (member,) = (argument for argument in arguments if argument is not type(None))
        return arrow_type(member)
    if origin is Literal:
        return pa.string()
    if origin is list:
        return pa.list_(arrow_type(arguments[0]))
    if origin is dict:
        return pa.map_(pa.string(), arrow_type(arguments[1]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct(
            [
                (name, arrow_type(field.annotation))
                for name, field in annotation.model_fields.items()
            ]
        )
    return _SCALARS[annotation]


def write_parquet(path: Path, records: Records, *, schema: pa.Schema) -> None:
    """Write `records` as one Parquet file with the columns of `output_schema`."""
    output_field = schema.names[-1]
    output_type = schema.field(output_field).type
    rows = [
        {
            **_input_columns(record, schema),
            output_field: _to_arrow_value(record[output_field], output_type),
        }
        for record in records
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, compression="zstd")


def _input_columns(record: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    if schema.names[:2] != ["id", "fields"]:
        return {name: record.get(name) for name in schema.names[:-1]}
    identifier = record["id"]
    others = {name: record[name] for name in record if name not in ("id", schema.names[-1])}
    return {
        "id": identifier if isinstance(identifier, str) else _json(identifier),
        "fields": _json(others),
    }


def _to_arrow_value(value: Any, arrow_type: pa.DataType) -> Any:
    """Convert `value`; it becomes JSON if `arrow_type` is a string and `value` is not."""
    if value is None:
        return None
    if pa.types.is_struct(arrow_type):
        return {
            field.name: _to_arrow_value(value.get(field.name), field.type) for field in arrow_type
        }
    if pa.types.is_list(arrow_type):
        return [_to_arrow_value(item, arrow_type.value_type) for item in value]
    if pa.types.is_map(arrow_type):
        return [(key, _to_arrow_value(item, arrow_type.item_type)) for key, item in value.items()]
    if pa.types.is_string(arrow_type) and not isinstance(value, str):
        return _json(value)
    return value


def _json(value: Any) -> str:
    return to_json(value).decode()
