"""Moving windows that count the requests of callers in memory; `redis_windows` has shared ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from limits import RateLimitItem
from limits.strategies import MovingWindowRateLimiter

from samo.access.memory_storage import WindowStorage


class Wanted(NamedTuple):
    """Units of a limit that shall be counted; 0 only asks."""

    item: RateLimitItem
    units: int


class Usage(NamedTuple):
    """The state of a window."""

    remaining: int
    """Units that are left."""
    resets_at: float
    """Unix time at which the oldest entry leaves the window."""
    is_exceeded: bool = False
    """Whether the wanted units would exceed the limit."""


class Windows(Protocol):
    """Counts units of limits for each caller."""

    async def count(self, caller: str, wanted: Sequence[Wanted]) -> list[Usage]:
        """Count units of several limits, or of none if one limit would be exceeded."""
        ...

    async def fill(self, caller: str, wanted: Sequence[Wanted]) -> None:
        """Count units of several limits, of each at most what is left."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class MemoryWindows:
    """Windows in the memory of this process."""

    def __init__(self) -> None:
        self._strategy = MovingWindowRateLimiter(WindowStorage())

    async def count(self, caller: str, wanted: Sequence[Wanted]) -> list[Usage]:
        """Count units of several limits, or of none if one limit would be exceeded."""
        usages = [self._usage(caller, *one) for one in wanted]
        if any(usage.is_exceeded for usage in usages):
            return usages
        for one in wanted:
            if one.units:
                self._strategy.hit(one.item, caller, cost=one.units)
        return [
            usage._replace(remaining=usage.remaining - one.units)
            for one, usage in zip(wanted, usages, strict=True)
        ]

    async def fill(self, caller: str, wanted: Sequence[Wanted]) -> None:
        """Count units of several limits, of each at most what is left."""
        for item, units in wanted:
            if units := min(units, self._usage(caller, item, 0).remaining):
                self._strategy.hit(item, caller, cost=units)

    async def close(self) -> None:
        """There are no connections."""

    def _usage(self, caller: str, item: RateLimitItem, units: int) -> Usage:
        stats = self._strategy.get_window_stats(item, caller)
        return Usage(stats.remaining, stats.reset_time, units > stats.remaining)
