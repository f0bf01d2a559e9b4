"""Limit how much ffmpeg reads and allocates for an upload."""

from __future__ import annotations

import ctypes
import io
from pathlib import Path
from typing import Final

import av

from runners.errors import UndecodableAudio

MAX_ALLOCATION_BYTES: Final = 64 * 1024 * 1024
"""Largest single allocation of ffmpeg: more than twice the largest upload."""
_MIN_CALLS: Final = 20_000
_BYTES_PER_CALL: Final = 64
_MIN_BYTES_READ: Final = 64 * 1024 * 1024


class Upload(io.BytesIO):
    """An upload as a file with a limited number of reads and seeks.

    A malicious header can make a demuxer seek back and forth in a file for minutes.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._calls = _MIN_CALLS + len(data) // _BYTES_PER_CALL
        self._bytes = _MIN_BYTES_READ + 4 * len(data)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read. Raises `UndecodableAudio` if too much was read already."""
        self._count()
        content = super().read(size)
        self._bytes -= len(content)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Seek. Raises `UndecodableAudio` after too many reads and seeks."""
        self._count()
        return super().seek(offset, whence)

    def _count(self) -> None:
        self._calls -= 1
        if self._calls < 0 or self._bytes < 0:
            raise UndecodableAudio(
                "The recording is too fragmented within the file: save it again as MP3 or M4A."
            )


def bound_allocations() -> bool:
    """Limit ffmpeg's allocations in this process; return False if its library is not found.

    Without the limit, a wrong table length in a header, or a tag that decompresses to a thousand
    times its size, takes gigabytes of memory. PyAV has no interface for this setting.
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
