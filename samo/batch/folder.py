"""The output folder of a batch run. Parts are written atomically.

    OUT/part-00000.jsonl           the results of shard 0, in the order of its entries
    OUT/_errors/part-00000.jsonl   its refused entries, if there are any
    OUT/_run.json                  the options, the input and the models of the run
    OUT/_files.jsonl               the recordings of a folder when the run started
    OUT/_crashes/                  the entries in progress in each process (`crashes`)
    OUT/_tmp/                      parts that are being written; deleted at the end

A part is written under a temporary name, synced to disk and renamed. A shard whose part exists is
finished; a resumed run analyses all others from their beginning, so no entry is missing or
duplicated after a stop. Spark, DuckDB and pandas ignore names that start with an underscore.
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

from samo.batch.entries import BatchRunError, Records, RunInterrupted, Shard
from samo.batch.json_lines import write_json_lines

Format = Literal["jsonl", "parquet"]
RUN_FILE: Final = "_run.json"
FILES_FILE: Final = "_files.jsonl"
CRASHES_FOLDER: Final = "_crashes"
ERRORS_FOLDER: Final = "_errors"
TEMPORARY_FOLDER: Final = "_tmp"


@dataclass(frozen=True)
class RunFolder:
    """The output folder; `write` writes the records of a part in `format`."""

    path: Path
    format: Format = "jsonl"
    write: Callable[[Path, Records], None] = write_json_lines

    @contextmanager
    def locked(self, *, shared: bool) -> Iterator[None]:
        """Lock the folder against other runs; the tasks of one job share the lock.

        The kernel releases the lock when the process ends for any reason. File systems without
        locks, such as mounted buckets, are not locked.
        """
        if self.path.exists() and not self.path.is_dir():
            raise BatchRunError(f"{self.path} exists already: name a new folder.")
        with self.explain_disk_errors():
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(
                    descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
                )
            except BlockingIOError:
                raise BatchRunError(
                    f"Another run is writing to {self.path}: wait until it ends, or name a new "
                    "folder."
                ) from None
            except OSError:  # this file system has no locks
                pass
            yield
        finally:
            os.close(descriptor)

    def listing(self) -> bytes | None:
        """Return the list of files of an earlier run in this folder; None if there is none."""
        if not (self.path / RUN_FILE).exists() or not (self.path / FILES_FILE).exists():
            return None
        return (self.path / FILES_FILE).read_bytes()

    def start_or_resume(self, run: dict[str, Any], listing: bytes | None = None) -> None:
        """Store the description of this run, or check that it is the run of this folder.

        Raises `BatchRunError` if the folder has something else in it.
        """
        file = self.path / RUN_FILE
        if not file.exists():
            if any(self.path.glob("part-*")):
                raise BatchRunError(f"{self.path} exists already: name a new folder.")
            with self.explain_disk_errors():
                (self.path / ERRORS_FOLDER).mkdir(parents=True, exist_ok=True)
            if listing is not None:
                self._commit(self.path / FILES_FILE, lambda path: path.write_bytes(listing))
            self._commit(file, lambda path: path.write_text(json.dumps(run, indent=1) + "\n"))
        try:
            stored = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise BatchRunError(f"{file} cannot be read: name a new folder.") from None
        changed = sorted(
            key for key in run.keys() | stored.keys() if run.get(key) != stored.get(key)
        )
        if changed:
            raise BatchRunError(
                f"{self.path} contains another run: {', '.join(changed)} differ. Name a new "
                f"folder, or use the input, options and models in {file}."
            )

    def part(self, shard: Shard) -> Path:
        """Return the path of a shard's results; the shard is finished if it exists."""
        return self.path / f"part-{shard.index:05d}.{self.format}"

    def missing(self, shards: Sequence[Shard]) -> list[Shard]:
        """Return the shards that are not finished."""
        existing_names = {path.name for path in self.path.glob(f"part-*.{self.format}")}
        return [shard for shard in shards if self.part(shard).name not in existing_names]

    def commit(self, shard: Shard, records: Records, errors: Records) -> None:
        """Write a shard's errors, then its results, which finishes it.

        Raises `RunInterrupted` if the disk is full or cannot be written.
        """
        part = self.part(shard)
        if errors:
            errors_file = self.path / ERRORS_FOLDER / part.with_suffix(".jsonl").name
            self._commit(errors_file, lambda path: write_json_lines(path, errors))
        self._commit(part, lambda path: self.write(path, records))

    def finish(self, shards: Sequence[Shard]) -> None:
        """Delete temporary files if all shards are finished, because then no worker writes."""
        if not self.missing(shards):
            shutil.rmtree(self.path / TEMPORARY_FOLDER, ignore_errors=True)
            shutil.rmtree(self.path / CRASHES_FOLDER, ignore_errors=True)

    @contextmanager
    def explain_disk_errors(self) -> Iterator[None]:
        """Turn an `OSError` into a `RunInterrupted` whose message states how to continue."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            remedy = "Free some space" if is_full else "Fix this"
            raise RunInterrupted(
                f"{self.path} cannot be written: {reason}. {remedy}, then repeat the same command: "
                "it resumes the run."
            ) from None

    def _commit(self, path: Path, write: Callable[[Path], Any]) -> None:
        # a unique name: a worker that Ray gave up may still be writing the same shard
        temporary = self.path / TEMPORARY_FOLDER / f"{path.name}.{uuid.uuid4().hex}"
        with self.explain_disk_errors():
            temporary.parent.mkdir(exist_ok=True)
            try:
                write(temporary)
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)  # it uses space on a full disk
                raise
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # syncs the rename
            finally:
                os.close(folder)
