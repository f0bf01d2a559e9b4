"""The queue of a `Batcher`: chooses the items of each batch and the order of requests.

Requests of a higher priority go first. Then callers get equal shares of the computing
(`runners.fairness`), whatever they send at once. The requests of one caller are scheduled
round-robin: a request with a thousand items delays another one by one batch, not by a thousand
items. A batch consists of the next item of the request that is due and of the items closest to it
in cost, also of other callers who are due soon, within a limit of padded cost and of padding; all
of them have the same priority.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Generic

from runners.base import Output, Prepared
from runners.callers import current_caller
from runners.errors import SamoError
from runners.fairness import FairOrder
from runners.priority import Priority
from runners.usage import Meter

# Padding may add at most this share to the cost of a batch. A padded token costs as much as a real
# one, and without VNNI (int8 dot-product instructions) batching does not make texts cheaper.
MAX_PADDING: Final = 0.1
# A caller who was served this share of a batch more than the one who is due does not join its
# batch: the single text of one caller is not computed with 30 texts of a caller who sends hundreds.
_MAX_LEAD: Final = 0.5


@dataclass(slots=True, eq=False)
class Request:
    """The items of one call of `Batcher.run`.

    Attributes:
        last_turn: number of the batch that last took an item of this request, or that was the
            newest when the request arrived; the lowest is served next.
        queued_cost: total cost of the items that are still in the queue.
        meter: is told the computing time of the items.
        priority: requests of a lower value are served first.
        queued: when the items were queued (`time.perf_counter`).
        is_waiting: whether none of the items has left the queue.
        caller: who sent the request.

    """

    last_turn: int
    queued_cost: int
    meter: Meter | None = None
    priority: Priority = Priority.REQUEST
    queued: float = field(default_factory=time.perf_counter)
    is_waiting: bool = True
    caller: str = field(default_factory=current_caller)


@dataclass(slots=True, eq=False)
class QueuedItem(Generic[Prepared, Output]):
    """A prepared input, its cost, and the future that gets its output."""

    prepared: Prepared
    cost: int
    future: asyncio.Future[Output]
    request: Request

    def report_to(self, on_output: Callable[[Output], None]) -> None:
        """Call `on_output` with the output as soon as there is one."""

        def report(future: asyncio.Future[Output]) -> None:
            if not future.cancelled() and future.exception() is None:
                on_output(future.result())

        self.future.add_done_callback(report)

    def outcome(self) -> Output | SamoError:
        """The output, or the error that it has instead."""
        with contextlib.suppress(SamoError):
            return self.future.result()
        error = self.future.exception()
        assert isinstance(error, SamoError)  # noqa: S101  # the batcher sets no other error
        return error


class BatchQueue(Generic[Prepared, Output]):
    """Items that wait for a batch."""

    def __init__(self) -> None:
        self._items: list[QueuedItem[Prepared, Output]] = []
        self._turn = 0
        self._order = FairOrder()

    def __len__(self) -> int:
        """Number of items, cancelled ones included until `drop_done`."""
        return len(self._items)

    @property
    def turn(self) -> int:
        """Number of batches taken so far."""
        return self._turn

    @property
    def priority(self) -> Priority:
        """The priority of the next batch. Raises `ValueError` if the queue is empty."""
        return min(item.request.priority for item in self._items)

    @property
    def cost(self) -> int:
        """Total cost of the items of the next batch's priority."""
        return sum(item.cost for item in self._next_items())

    def _next_items(self) -> list[QueuedItem[Prepared, Output]]:
        if not self._items:
            return []
        priority = self.priority
        return [item for item in self._items if item.request.priority is priority]

    def extend(self, items: Iterable[QueuedItem[Prepared, Output]]) -> None:
        """Append items."""
        self._items.extend(items)

    def drop_done(self) -> None:
        """Remove the items whose future is done, because their request was cancelled."""
        self._items = [item for item in self._items if not item.future.done()]

    def take_batch(self, max_cost: float) -> list[QueuedItem[Prepared, Output]]:
        """Remove and return the next batch, of at most `max_cost` padded cost (items × longest).

        An item that costs more is a batch of its own. Raises `ValueError` if the queue is empty.
        """
        items = self._next_items()
        callers = dict.fromkeys(item.request.caller for item in items)
        caller = self._order.next_caller(callers)
        if len(callers) > 1:
            level = {c for c in callers if self._order.is_level(c, caller, max_cost * _MAX_LEAD)}
            items = [item for item in items if item.request.caller in level]
        self._order.advance(caller)
        first = min(
            (item for item in items if item.request.caller == caller),
            key=lambda item: item.request.last_turn,
        )
        batch: list[QueuedItem[Prepared, Output]] = []
        longest = cost = 0
        # `first` itself goes first: others may have the same cost
        for item in sorted(
            items, key=lambda item: (item is not first, abs(item.cost - first.cost))
        ):
            padded = (len(batch) + 1) * max(longest, item.cost)
            limit = min(max_cost, (cost + item.cost) * (1.0 + MAX_PADDING))
            if batch and padded > limit:
                break
            longest = max(longest, item.cost)
            cost += item.cost
            batch.append(item)
        self._turn += 1
        for item in batch:
            item.request.last_turn = self._turn
            item.request.queued_cost -= item.cost
            self._order.charge(item.request.caller, item.cost)
        taken = set(map(id, batch))
        self._items = [item for item in self._items if id(item) not in taken]
        return batch
