"""Read entries from JSON lines, and write JSON lines."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydantic_core

from runners.errors import InvalidRequest, MalformedRequest, PayloadTooLarge, SamoError
from samo.batch.entries import Entry, FileState, Records, RefusedEntry, Shard, text_entry

# An entry's text has at most 20,000 characters; the rest is for its other fields.
MAX_LINE_BYTES: Final = 8 * 1024 * 1024
_SCAN_BYTES: Final = 1024 * 1024
_NEWLINE: Final = 10
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass
class JsonLines:
    """A file with one JSON object per line; blank lines are skipped."""

    path: Path
    shard_entries: int
    kind: str = "jsonl"
    _shards: list[Shard] = field(init=False)
    _sha256: str = field(init=False)
    _state: FileState = field(init=False)

    def __post_init__(self) -> None:
        """Find the offset of each shard, in one pass over the file."""
        digest, starts, lines, offset, last = hashlib.sha256(), [0], 0, 0, b"\n"
        with self.path.open("rb") as file:
            self._state = FileState.of(file)
            while chunk := file.read(_SCAN_BYTES):
                digest.update(chunk)
                ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _NEWLINE)
                # newline number `lines + i + 1` ends a shard if that is a multiple of the size
                shard_ends = ends[(-lines - 1) % self.shard_entries :: self.shard_entries]
                starts.extend(int(end) + offset + 1 for end in shard_ends)
                lines, offset, last = lines + len(ends), offset + len(chunk), chunk[-1:]
        lines += last != b"\n"
        self._sha256 = digest.hexdigest()
        self._shards = [
            Shard(i, i * self.shard_entries + 1, min(self.shard_entries, remaining), start)
            for i, start in enumerate(starts)
            if (remaining := lines - i * self.shard_entries) > 0
        ]

    def fingerprint(self) -> dict[str, Any]:
        """Name and SHA-256 of the file."""
        return {"kind": self.kind, "name": self.path.name, "sha256": self._sha256}

    def shards(self) -> list[Shard]:
        """All shards in order."""
        return self._shards

    def read(self, shard: Shard) -> Iterator[Entry | RefusedEntry]:
        """Parse the lines of a shard."""
        with self.path.open("rb") as file:
            self._state.check_unchanged(file, self.path)
            file.seek(shard.offset)
            for number in range(shard.first, shard.first + shard.entries):
                line = file.readline(MAX_LINE_BYTES)
                if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                    while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                        pass
                    yield RefusedEntry(number, _line_too_long())
                elif line.strip():
                    yield _parse(number, line.removeprefix(codecs.BOM_UTF8))


def write_json_lines(path: Path, records: Records) -> None:
    """Write one JSON object per line; the dates and bytes of a Parquet source become strings."""
    with path.open("wb") as file:
        for record in records:
            file.write(to_json(record) + b"\n")


def to_json(value: Any) -> bytes:
    """Serialize `value`; NaN and infinity, which JSON does not have, become null."""
    return pydantic_core.to_json(value, bytes_mode="base64", inf_nan_mode="null")


def _line_too_long() -> SamoError:
    return PayloadTooLarge(
        f"The line is too long: it may have {MAX_LINE_BYTES} bytes.", limit_bytes=MAX_LINE_BYTES
    )


def _parse(number: int, line: bytes) -> Entry | RefusedEntry:
    try:
        fields = pydantic_core.from_json(line, allow_inf_nan=False)
    except ValueError as error:
        if line.startswith(_UTF16_MARKS) or not _is_utf8(line):
            return RefusedEntry(
                number, MalformedRequest("The line is not UTF-8: convert the file to UTF-8.")
            )
        return RefusedEntry(number, MalformedRequest(f"The line is not valid JSON: {error}."))
    if not isinstance(fields, dict):
        return RefusedEntry(number, InvalidRequest("The line must be a JSON object with a `text`."))
    return text_entry(number, fields)


def _is_utf8(line: bytes) -> bool:
    """Whether a line is UTF-8 and not UTF-16, whose Latin letters are UTF-8 with zero bytes."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in line
