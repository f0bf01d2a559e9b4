"""How many live sessions there may be at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from samo.monitoring import metrics


class SessionSlots:
    """Counts the sessions of this process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    @contextmanager
    def take(self) -> Iterator[bool]:
        """Yield whether there is room for a session; it counts during the `with` block."""
        if self._taken >= self._limit:
            metrics.live_refusals.inc()
            yield False
            return
        self._taken += 1
        metrics.live_sessions.inc()
        try:
            yield True
        finally:
            self._taken -= 1
            metrics.live_sessions.dec()
