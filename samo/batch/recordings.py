"""Read entries from a folder of recordings.

The folder is listed once, when a run starts, and the list is kept in the output. A resumed run uses
that list: a recording that was deleted since is refused by name, while system files may appear and
disappear. A name that is not UTF-8, a folder that cannot be listed and a file that cannot be opened
are entries, too, and are refused by name.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from runners.errors import PayloadTooLarge, SamoError
from samo.batch import sniff
from samo.batch.entries import (
    BatchRunError,
    Entry,
    RefusedEntry,
    Shard,
    UnreadableFile,
    equal_shards,
)
from samo.limits import MAX_AUDIO_BYTES

# The size of a file whose size cannot be read.
_UNKNOWN: Final = -1


@dataclass
class RecordingFolder:
    """A folder of recordings with its subfolders; entries are sorted by path.

    Attributes:
        path: the folder.
        shard_entries: recordings per shard.
        exclude: a folder to skip: the output of the run.
        kind: of this source.
        skipped: number of files that are not recordings, by suffix or name.

    """

    path: Path
    shard_entries: int
    exclude: Path | None = None
    kind: str = "audio"
    skipped: Counter[str] = field(default_factory=Counter)
    _files: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """List the recordings."""
        self._list_files()
        self._files.sort()

    def _list_files(self) -> None:
        folders = [""]
        while folders:
            folder = folders.pop()  # relative, ends with a slash; "" is the folder itself
            try:
                with os.scandir(self.path / folder) as found:
                    for entry in found:
                        if (subfolder := self._add_file(folder, entry)) is not None:
                            folders.append(subfolder)
            except OSError:
                if not folder:
                    raise
                self._files.append((folder, _UNKNOWN))

    def _add_file(self, folder: str, entry: os.DirEntry[str]) -> str | None:
        """Add a file to the list or count it as skipped; return the path of a subfolder."""
        path = folder + entry.name
        try:
            if entry.is_dir():
                return self._subfolder(path, entry)
            state = entry.stat()
        except OSError:  # a broken link, or a file that was deleted meanwhile
            self._files.append((path, _UNKNOWN))
            return None
        if not stat.S_ISREG(state.st_mode):
            self.skipped["special file"] += 1
            return None
        try:
            head = b"" if sniff.named_as_recording(entry.name) else _read_head(entry.path)
        except OSError:
            reason = None  # the file is refused when the run reads it
        else:
            reason = sniff.skip_reason(entry.name, head)
        if reason is None:
            self._files.append((path, state.st_size))
        else:
            self.skipped[_printable(reason)] += 1
        return None

    def _subfolder(self, path: str, entry: os.DirEntry[str]) -> str | None:
        if sniff.is_system_folder(entry.name):
            self.skipped[f"{entry.name}/"] += 1
        elif entry.is_symlink():  # it may be a cycle
            self.skipped["link to a folder"] += 1
        elif self.exclude is None or Path(entry.path) != self.exclude:
            return f"{path}/"
        return None

    def listing(self) -> bytes:
        """The list of files for the output: one JSON line per file, with its name and size."""
        return b"".join(json.dumps(file).encode() + b"\n" for file in self._files)

    def resume_from(self, listing: bytes) -> Self:
        """Use the files of an earlier `listing` instead of those that exist now.

        Raises `BatchRunError` if there are recordings that the earlier run did not list, or whose
        size has changed. A folder that could not be listed then stays one refused entry.
        """
        earlier = [(str(name), int(size)) for name, size in map(json.loads, listing.splitlines())]
        sizes = dict(earlier)
        unlisted = tuple(name for name in sizes if name.endswith("/"))
        new = sum(
            name not in sizes and not name.endswith("/") and not name.startswith(unlisted)
            for name, _ in self._files
        )
        changed = sum(
            sizes.get(name, size) != size and _UNKNOWN not in (size, sizes[name])
            for name, size in self._files
        )
        if new or changed:
            raise BatchRunError(
                f"The input differs from that of the earlier run: {new} recordings are new, "
                f"{changed} changed. Name a new output folder."
            )
        self._files = earlier
        return self

    def fingerprint(self) -> dict[str, Any]:
        """Name of the folder, and SHA-256 of the files' names and sizes."""
        digest = hashlib.sha256()
        for name, size in self._files:
            digest.update(os.fsencode(f"{name}\0{size}\n"))
        return {
            "kind": self.kind,
            "name": _printable(self.path.resolve().name),
            "sha256": digest.hexdigest(),
        }

    def shards(self) -> list[Shard]:
        """All shards in order."""
        return equal_shards(len(self._files), self.shard_entries)

    def read(self, shard: Shard) -> Iterator[Entry | RefusedEntry]:
        """The recordings of a shard; the `id` of each is its path in the folder."""
        files = self._files[shard.offset : shard.offset + shard.entries]
        for number, (file, _) in enumerate(files, start=shard.first):
            if file.endswith("/"):
                yield RefusedEntry(number, _unreadable_folder(), _printable(file))
            elif not _is_utf8(file):
                yield RefusedEntry(number, _unreadable_name(), _printable(file))
            else:
                yield Entry(number, {"id": file}, self.path / file)


def read_recording(path: Path) -> bytes:
    """Read a recording. Raises a `SamoError` if it cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableFile("This is no longer a file: restore the recording.")
            data = file.read(MAX_AUDIO_BYTES + 1)
    except OSError as error:
        raise UnreadableFile(
            f"The file cannot be read: {error.strerror or type(error).__name__}."
        ) from None
    if len(data) > MAX_AUDIO_BYTES:
        raise PayloadTooLarge(
            f"The recording is too large: it may have {MAX_AUDIO_BYTES} bytes. Compress it, or cut "
            "it.",
            limit_bytes=MAX_AUDIO_BYTES,
        )
    return data


def _read_head(path: str) -> bytes:
    # a pipe that replaces the file must not block
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, sniff.HEAD_BYTES)
    finally:
        os.close(descriptor)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(name: str) -> str:
    r"""Return a name for messages and JSON; bytes that are not UTF-8 become "\xe9"."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _unreadable_folder() -> SamoError:
    return UnreadableFile(
        "The folder cannot be listed, so its recordings are unknown: allow it to be read, then "
        "start a run with a new output folder."
    )


def _unreadable_name() -> SamoError:
    return UnreadableFile("The file's name is not UTF-8, so it cannot be its id: rename it.")
