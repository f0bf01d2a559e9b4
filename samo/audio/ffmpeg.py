"""Bounds on what ffmpeg may do with an upload."""

from __future__ import annotations

import ctypes
import io
from pathlib import Path
from typing import Final

import av

from runners.errors import UndecodableAudio

MAX_ALLOCATION_BYTES: Final = 64 * 1024 * 1024
"""The largest block of memory that ffmpeg may ask for at once: more than twice an upload."""
_MIN_CALLS: Final = 20_000
_BYTES_PER_CALL: Final = 64
_MIN_BYTES_READ: Final = 64 * 1024 * 1024


class Upload(io.BytesIO):
    """An upload as a file that may be read a few times over, and no more.

    A header can send a demuxer back and forth through a file for minutes.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._calls = _MIN_CALLS + len(data) // _BYTES_PER_CALL
        self._bytes = _MIN_BYTES_READ + 4 * len(data)

    def read(self, size: int | None = -1, /) -> bytes:
        """As a file's; raises when the upload was read too often."""
        self._count()
        content = super().read(size)
        self._bytes -= len(content)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """As a file's; raises when there were too many."""
        self._count()
        return super().seek(offset, whence)

    def _count(self) -> None:
        self._calls -= 1
        if self._calls < 0 or self._bytes < 0:
            raise UndecodableAudio(
                "The recording's parts lie too scattered in the file: save it anew, as MP3 or M4A."
            )


def bound_allocations() -> bool:
    """Make ffmpeg refuse to allocate large blocks, in the whole process; False where it cannot be.

    A header's lie about a table's length, and a tag that is a thousand times longer once it is
    decompressed, cost gigabytes otherwise. PyAV gives no access to this setting.
    """
    package = Path(av.__file__).parent
    for library in (*package.parent.glob("av.libs/libavutil*"), *package.rglob("libavutil*.dylib")):
        try:
            set_limit = ctypes.CDLL(str(library)).av_max_alloc
        except (OSError, AttributeError):
            continue
        set_limit.argtypes = [ctypes.c_size_t]
        set_limit(MAX_ALLOCATION_BYTES)
        return True
    return False


bound_allocations()
