"""The limits of a decoder process, which the kernel enforces."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
from pathlib import Path
from typing import Final

MAX_CPU_SECONDS: Final = 30
"""Five minutes of speech take about 1 s, and with eight channels of 48 kHz about 10 s."""
MAX_MEMORY_BYTES: Final = 640 * 1024 * 1024
"""Address space beyond that of the template; eight channels for five minutes take 530 MB."""

_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


class Confinement:
    """The limits of this process, or of the decoder processes that it forks.

    Args:
        cpu_seconds: the CPU time of a process.
        memory_bytes: its address space beyond that of this process.
        file_bytes: the size to which it may extend a file that is open.
    """

    def __init__(
        self,
        cpu_seconds: int = MAX_CPU_SECONDS,
        memory_bytes: int = MAX_MEMORY_BYTES,
        file_bytes: int = 0,
    ) -> None:
        self._cpu_seconds = cpu_seconds
        self._file_bytes = file_bytes
        with contextlib.suppress(OSError):  # Linux; if memory is short, the kernel ends these first
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
        self._max_address_space = _address_space() + memory_bytes
        with contextlib.suppress(OSError, AttributeError):  # Linux
            prctl = ctypes.CDLL(None).prctl
            prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)

    def begin(self) -> None:
        """Limit this process for the rest of its life. It must not need another file afterwards.

        Files and sockets that are open stay usable; no other can be opened, created or connected.
        """
        # at the first limit SIGXCPU, which tells the cause; at the second SIGKILL
        _limit(resource.RLIMIT_CPU, self._cpu_seconds, self._cpu_seconds + 1)
        _limit(resource.RLIMIT_AS, self._max_address_space)
        _limit(resource.RLIMIT_CORE, 0)  # a core dump would contain the recording
        _limit(resource.RLIMIT_FSIZE, self._file_bytes)
        _limit(resource.RLIMIT_NOFILE, 0)


def _limit(what: int, soft: int, hard: int | None = None) -> None:
    """Set a limit that cannot be raised again."""
    hard = soft if hard is None else hard
    _, current = resource.getrlimit(what)
    if current != resource.RLIM_INFINITY:
        soft, hard = min(soft, current), min(hard, current)
    resource.setrlimit(what, (soft, hard))


def _address_space() -> int:
    """Bytes of address space of this process; 0 if the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
