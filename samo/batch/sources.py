"""Open the input of a batch run: JSON lines, Parquet, or a folder of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from samo.batch.entries import BatchRunError, EntrySource
from samo.batch.json_lines import JsonLines
from samo.batch.recordings import RecordingFolder

TEXTS_PER_SHARD: Final = 1000
RECORDINGS_PER_SHARD: Final = 32


def open_source(
    path: Path, shard_entries: int | None = None, output: Path | None = None
) -> EntrySource:
    """Open the source at `path`. Raises `BatchRunError` if it cannot be read.

    `output` is the folder of the run's output: it is skipped if it is inside a folder of
    recordings.
    """
    try:
        return _open(path, shard_entries, output)
    except OSError as error:
        raise BatchRunError(f"{path} cannot be read: {error.strerror or error}.") from None


def _open(path: Path, shard_entries: int | None, output: Path | None) -> EntrySource:
    if path.is_dir():
        return RecordingFolder(path, shard_entries or RECORDINGS_PER_SHARD, output)
    if not path.is_file():
        raise BatchRunError(f"{path} does not exist: name a JSONL or Parquet file, or a folder.")
    if path.suffix.lower() == ".parquet":
        return _open_parquet(path, shard_entries or TEXTS_PER_SHARD)
    if path.suffix.lower() in {".jsonl", ".ndjson"}:
        return JsonLines(path, shard_entries or TEXTS_PER_SHARD)
    raise BatchRunError(
        f"{path} ends neither with .jsonl nor with .parquet. DuckDB converts a table to JSON "
        "lines: copy (from 'IN.csv') to 'IN.jsonl'."
    )


def _open_parquet(path: Path, shard_entries: int) -> EntrySource:
    try:
        from samo.batch.parquet_input import ParquetFile  # pyarrow is an optional dependency
    except ImportError:
        raise BatchRunError("pyarrow is not installed: run `make bulk`.") from None
    return ParquetFile(path, shard_entries)
