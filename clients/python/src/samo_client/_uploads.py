"""Recordings to upload: a path, bytes or an open file, read while they are sent."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

Recording = str | os.PathLike[str] | bytes | bytearray | IO[bytes]
"""A path, the bytes of a recording, or a file that is open for reading bytes."""

Progress = Callable[[int, int], None]
"""Called while a recording is sent, with the bytes sent so far and the bytes in all."""


@contextmanager
def open_upload(recording: Recording, on_progress: Progress | None) -> Iterator[IO[bytes]]:
    """A file that can be sent more than once, because httpx starts to read at its beginning."""
    if isinstance(recording, bytes | bytearray):
        yield _Upload(io.BytesIO(recording), len(recording), on_progress)
    elif isinstance(recording, str | os.PathLike):
        with Path(recording).open("rb") as file:
            yield _Upload(file, os.fstat(file.fileno()).st_size, on_progress)
    elif recording.seekable():
        size = recording.seek(0, os.SEEK_END)
        recording.seek(0)
        yield _Upload(recording, size, on_progress)
    else:  # a pipe, which cannot be sent again
        data = recording.read()
        yield _Upload(io.BytesIO(data), len(data), on_progress)


class _Upload(io.RawIOBase, IO[bytes]):
    """Reads a file and reports how much of it was read."""

    def __init__(self, file: IO[bytes], size: int, on_progress: Progress | None) -> None:
        self._file = file
        self._size = size
        self._on_progress = on_progress

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if data and self._on_progress:
            self._on_progress(self._file.tell(), self._size)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()
