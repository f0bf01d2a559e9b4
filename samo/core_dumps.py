"""Keep user text out of core dumps: the memory of the process contains recordings and entries."""

from __future__ import annotations

import contextlib

try:
    import resource
except ImportError:  # Windows, which has no core dumps
    resource = None  # type: ignore[assignment]


def disable() -> None:
    """Have the system write no core dump of this process and of processes that it starts.

    A program in `kernel.core_pattern` is called in any case; systemd-coredump and apport respect
    this limit.
    """
    if resource is not None:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
