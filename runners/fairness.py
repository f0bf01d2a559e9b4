"""Share a resource fairly between callers: start-time fair queueing.

Each caller has a virtual time: the cost that it was served. The waiting caller with the lowest goes
next. A caller who arrives, or returns, starts at the virtual time of the one who was served last,
so it goes before everybody who was served since, and idle time earns nothing. With n callers who
wait all the time, each gets 1/n of the resource, whatever they send at once.

P. Goyal, H. M. Vin, H. Cheng: Start-time Fair Queuing. SIGCOMM 1996.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from statistics import median_low
from typing import Final

from runners.callers import current_caller

_MAX_CALLERS: Final = 2_000
"""Callers whose virtual time is remembered."""


class FairOrder:
    """The order of callers."""

    def __init__(self) -> None:
        self._now = 0.0
        self._finished: dict[str, float] = {}

    def next_caller(self, waiting: Iterable[str]) -> str:
        """The caller who goes next; of several, the first. Raises `ValueError` if none waits."""
        return min(waiting, key=self._start)

    def advance(self, caller: str) -> None:
        """It is the turn of `caller`: those who arrive now start at its virtual time."""
        self._now = self._start(caller)

    def is_level(self, caller: str, with_caller: str, lead: float) -> bool:
        """Whether `caller` is at most `lead` ahead of another caller."""
        return self._start(caller) - self._start(with_caller) <= lead

    def charge(self, caller: str, cost: float) -> None:
        """Charge `caller` for what it is served now."""
        self._finished[caller] = self._start(caller) + cost
        if len(self._finished) > _MAX_CALLERS:
            self._forget_half()

    def _forget_half(self) -> None:
        """Go on to the median, so that a stream of new callers neither fills memory nor starves."""
        self._now = max(self._now, median_low(self._finished.values()))
        self._finished = {who: end for who, end in self._finished.items() if end > self._now}

    def _start(self, caller: str) -> float:
        return max(self._now, self._finished.get(caller, 0.0))


class FairSlots:
    """Lets a number of tasks run at a time; the others wait in a fair order of callers.

    Args:
        slots: the number.
    """

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._order = FairOrder()
        self._waiting: dict[str, deque[tuple[asyncio.Future[None], float]]] = {}

    @asynccontextmanager
    async def slot(self, cost: float) -> AsyncIterator[None]:
        """Hold a slot during the block.

        Args:
            cost: what the caller is charged, in any unit.

        """
        await self._acquire(current_caller(), cost)
        try:
            yield
        finally:
            self._free += 1
            self._hand_out()

    async def _acquire(self, caller: str, cost: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append((future, cost))
        self._hand_out()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():  # it got its slot in the same moment
                self._free += 1
            self._hand_out()
            raise

    def _hand_out(self) -> None:
        while self._free and self._waiting:
            caller = self._order.next_caller(self._waiting)
            queue = self._waiting[caller]
            future, cost = queue.popleft()
            if not queue:
                del self._waiting[caller]
            if not future.done():
                self._order.advance(caller)
                self._order.charge(caller, cost)
                self._free -= 1
                future.set_result(None)
