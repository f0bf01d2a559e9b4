"""A folder of recordings as a source of entries.

The list of files is made once, when a run begins, and kept in its output. A repeated command goes
on by that list: a recording that has gone since is refused by name, and system files may come and
go. A name that is not UTF-8, a folder that cannot be listed and a file that cannot be opened are
entries too, and refused by name.
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
from samo.batch.sources import BatchError, Entry, Refused, Shard, UnreadableFile
from samo.limits import MAX_AUDIO_BYTES

# In place of a size, where it could not be found out.
_UNKNOWN: Final = -1


@dataclass
class Recordings:
    """A folder of recordings, with its subfolders, in the order of their names.

    `exclude` is the run's own output, which may lie in the folder.
    """

    path: Path
    shard_entries: int
    exclude: Path | None = None
    kind: str = "audio"
    passed_over: Counter[str] = field(default_factory=Counter)
    _files: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """List the recordings."""
        self._list("")
        self._files.sort()

    def _list(self, folder: str) -> None:
        """List `folder`, a path within this source that ends with a slash, or empty."""
        folders = [folder]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(self.path / folder) as found:
                    for entry in found:
                        if (subfolder := self._take(folder, entry)) is not None:
                            folders.append(subfolder)
            except OSError:
                if not folder:
                    raise
                self._files.append((folder, _UNKNOWN))

    def _take(self, folder: str, entry: os.DirEntry[str]) -> str | None:
        """Take a file as an entry or count why not; gives a subfolder's path to go on with."""
        path = folder + entry.name
        try:
            if entry.is_dir():
                return self._subfolder(path, entry)
            state = entry.stat()
        except OSError:  # a link that leads nowhere, or a file that has gone already
            self._files.append((path, _UNKNOWN))
            return None
        if not stat.S_ISREG(state.st_mode):
            self.passed_over["special file"] += 1
            return None
        try:
            head = b"" if sniff.named_as_recording(entry.name) else _head(entry.path)
        except OSError:
            reason = None  # it is opened once more in its turn
        else:
            reason = sniff.not_a_recording(entry.name, head)
        if reason is None:
            self._files.append((path, state.st_size))
        else:
            self.passed_over[_shown(reason)] += 1
        return None

    def _subfolder(self, path: str, entry: os.DirEntry[str]) -> str | None:
        if sniff.is_system_folder(entry.name):
            self.passed_over[f"{entry.name}/"] += 1
        elif entry.is_symlink():  # it may lead back here
            self.passed_over["link to a folder"] += 1
        elif self.exclude is None or Path(entry.path) != self.exclude:
            return f"{path}/"
        return None

    def listing(self) -> bytes:
        """The list of files, a JSON line each, to be kept in the output."""
        return b"".join(json.dumps(file).encode() + b"\n" for file in self._files)

    def resumed(self, listing: bytes) -> Self:
        """Take the files of an earlier `listing` in place of what was found now.

        Raises `BatchError` where there are recordings that the earlier run did not know. What
        could not be listed then is one refused entry, whatever is found in it now.
        """
        begun = [(str(name), int(size)) for name, size in map(json.loads, listing.splitlines())]
        known = dict(begun)
        unlisted = tuple(name for name in known if name.endswith("/"))
        new = sum(
            name not in known and not name.endswith("/") and not name.startswith(unlisted)
            for name, _ in self._files
        )
        changed = sum(
            known.get(name, size) != size and _UNKNOWN not in (size, known[name])
            for name, size in self._files
        )
        if new or changed:
            raise BatchError(
                f"The input differs from that of the run that was begun: {new} recordings are new, "
                f"{changed} changed. Name a new output folder."
            )
        self._files = begun
        return self

    def identity(self) -> dict[str, Any]:
        """Name of the folder and SHA-256 over the files' names and sizes."""
        digest = hashlib.sha256()
        for name, size in self._files:
            digest.update(os.fsencode(f"{name}\0{size}\n"))
        return {
            "kind": self.kind,
            "name": _shown(self.path.resolve().name),
            "sha256": digest.hexdigest(),
        }

    def shards(self) -> list[Shard]:
        """All shards in order."""
        step = self.shard_entries
        return [
            Shard(i, start + 1, min(step, len(self._files) - start), start)
            for i, start in enumerate(range(0, len(self._files), step))
        ]

    def read(self, shard: Shard) -> Iterator[Entry | Refused]:
        """The shard's files; their `id` is the path within the folder."""
        files = self._files[shard.offset : shard.offset + shard.entries]
        for number, (file, _) in enumerate(files, start=shard.first):
            if file.endswith("/"):
                yield Refused(number, _unreadable_folder(), _shown(file))
            elif not _is_utf8(file):
                yield Refused(number, _unreadable_name(), _shown(file))
            else:
                yield Entry(number, {"id": file}, self.path / file)


def read_recording(path: Path) -> bytes:
    """A recording's bytes. Raises a `SamoError` for a file that cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableFile("This is no longer a file: put the recording in its place.")
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


def _head(path: str) -> bytes:
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


def _shown(name: str) -> str:
    r"""A name for people and JSON: bytes that are not UTF-8 as "\xe9"."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _unreadable_folder() -> SamoError:
    return UnreadableFile(
        "The folder cannot be listed, so its recordings are unknown: allow it to be read, then "
        "analyse it into a new output folder."
    )


def _unreadable_name() -> SamoError:
    return UnreadableFile("The file's name is not UTF-8, so it cannot be its id: rename it.")
