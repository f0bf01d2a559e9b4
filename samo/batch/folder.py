"""The folder that a run writes: parts that are there whole or not at all.

    OUT/part-00000.jsonl     the answers of shard 0, in the order of its entries
    OUT/_errors/part-00000.jsonl   its bad entries, where it has any
    OUT/_run.json            what was asked, of which input, by which models
    OUT/_files.jsonl         the recordings of a folder, as they were listed when the run began
    OUT/_crashes/            which entries were under way in each process; samo/batch/crashes.py
    OUT/_tmp/                what is being written; gone when all parts are there

A part is written under another name, synced to disk, and renamed: the rename is the commit. A
shard whose part is there is done, every other one is analysed again from its beginning, so that a
stop at any moment loses nothing and doubles nothing. Names that begin with an underscore are
passed over by what reads such folders (Spark, DuckDB, pandas).
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pydantic_core

from samo.batch.sources import BatchError, Shard, Stopped

Format = Literal["jsonl", "parquet"]
Records = Sequence[dict[str, Any]]
RUN_FILE: Final = "_run.json"
FILES_FILE: Final = "_files.jsonl"
CRASHES: Final = "_crashes"


def write_json_lines(path: Path, records: Records) -> None:
    """Write a JSON object a line; dates and bytes of a Parquet source become strings.

    JSON has no NaN and no infinity: these become null.
    """
    with path.open("wb") as file:
        for record in records:
            file.write(json_of(record) + b"\n")


def json_of(value: Any) -> bytes:
    """`value` as JSON that every parser reads."""
    return pydantic_core.to_json(value, bytes_mode="base64", inf_nan_mode="null")


@dataclass(frozen=True)
class RunFolder:
    """The output of a run; `columns` is the Arrow schema of Parquet parts."""

    path: Path
    format: Format
    columns: Any = None

    @contextmanager
    def locked(self, *, shared: bool) -> Iterator[None]:
        """Keep other runs out of this folder; tasks of one job share it.

        The lock is the kernel's, on the folder itself, so it ends with the process whatever ends
        that. File systems without locks, such as mounted buckets, go without.
        """
        if self.path.exists() and not self.path.is_dir():
            raise BatchError(f"{self.path} is there already: name a new folder.")
        with self.writing():
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(
                    descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
                )
            except BlockingIOError:
                raise BatchError(
                    f"Another run is writing to {self.path}: wait for its end, or name a new "
                    "folder."
                ) from None
            except OSError:  # no locks on this file system
                pass
            yield
        finally:
            os.close(descriptor)

    def listing(self) -> bytes | None:
        """The list of files of the run that was begun here; None before there is one."""
        if not (self.path / RUN_FILE).exists() or not (self.path / FILES_FILE).exists():
            return None
        return (self.path / FILES_FILE).read_bytes()

    def begin(self, run: dict[str, Any], listing: bytes | None = None) -> None:
        """Say what this run is, or check that it is the one that was begun here.

        Raises `BatchError` where the folder holds something else.
        """
        file = self.path / RUN_FILE
        if not file.exists():
            if any(self.path.glob("part-*")):
                raise BatchError(f"{self.path} is there already: name a new folder.")
            with self.writing():
                (self.path / "_errors").mkdir(parents=True, exist_ok=True)
            if listing is not None:
                self._commit(self.path / FILES_FILE, lambda path: path.write_bytes(listing))
            self._commit(file, lambda path: path.write_text(json.dumps(run, indent=1) + "\n"))
        try:
            begun = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise BatchError(f"{file} cannot be read: name a new folder.") from None
        other = sorted(key for key in run.keys() | begun.keys() if run.get(key) != begun.get(key))
        if other:
            raise BatchError(
                f"{self.path} holds another run: {', '.join(other)} differ. Name a new folder, "
                f"or repeat what {file} says."
            )

    def part(self, shard: Shard) -> Path:
        """Where a shard's answers stand when it is done."""
        return self.path / f"part-{shard.index:05d}.{self.format}"

    def missing(self, shards: Sequence[Shard]) -> list[Shard]:
        """The shards that are not done."""
        there = {path.name for path in self.path.glob(f"part-*.{self.format}")}
        return [shard for shard in shards if self.part(shard).name not in there]

    def commit(self, shard: Shard, records: Records, errors: Records) -> None:
        """Write a shard's errors, then its answers; with these it is done.

        Raises `Stopped` where the disk is full or cannot be written.
        """
        part = self.part(shard)
        errors_file = self.path / "_errors" / part.with_suffix(".jsonl").name
        if errors:
            self._commit(errors_file, lambda path: write_json_lines(path, errors))
        self._commit(part, lambda path: self._write(path, records))

    def finish(self, shards: Sequence[Shard]) -> None:
        """Clear away what stopped workers left half-written, once nobody writes any more."""
        if not self.missing(shards):
            shutil.rmtree(self.path / "_tmp", ignore_errors=True)
            shutil.rmtree(self.path / CRASHES, ignore_errors=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn an error of the disk into one line that says how to go on."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            hint = "Make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Mend that"
            raise Stopped(
                f"{self.path} cannot be written: {reason}. {hint}, then give the same command: it "
                "goes on with what is missing."
            ) from None

    def _write(self, path: Path, records: Records) -> None:
        if self.format == "jsonl":
            write_json_lines(path, records)
        else:
            from samo.batch import parquet

            parquet.write(path, records, self.columns)

    def _commit(self, path: Path, write: Callable[[Path], Any]) -> None:
        # a name of its own: a worker that was given up may still be writing the same shard
        temporary = self.path / "_tmp" / f"{path.name}.{uuid.uuid4().hex}"
        with self.writing():
            temporary.parent.mkdir(exist_ok=True)
            try:
                write(temporary)
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)  # of a full disk it takes its share
                raise
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # the rename itself
            finally:
                os.close(folder)
