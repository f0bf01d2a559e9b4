"""A batch: items that a runner computes together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic

from runners.base import Output, Prepared
from runners.cancellation import cancel_scope
from runners.queueing import QueuedItem

Predict = Callable[[Sequence[Prepared]], list[Output]]


@dataclass(slots=True, eq=False)
class Batch(Generic[Prepared, Output]):
    """Items that are computed together.

    Attributes:
        items: the items.
        cost: their total cost, without padding.
        started: when the batch left the queue (`time.perf_counter`).
        waits: seconds in the queue of each request whose first item is in this batch.
        seconds: seconds of computing.
        succeeded: whether the model computed all items without an error.
        cancelled: set if nobody waits for the result any more.

    """

    items: list[QueuedItem[Prepared, Output]]
    cost: int
    started: float
    waits: list[float]
    seconds: float = 0.0
    succeeded: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def start(cls, items: list[QueuedItem[Prepared, Output]]) -> Batch[Prepared, Output]:
        """A batch of `items`, which have just left the queue."""
        now = time.perf_counter()
        requests = {item.request: None for item in items}
        waits = [now - request.queued for request in requests if request.is_waiting]
        for request in requests:
            request.is_waiting = False
        return cls(items, sum(item.cost for item in items), now, waits)

    def compute(
        self, items: Sequence[QueuedItem[Prepared, Output]], predict: Predict[Prepared, Output]
    ) -> list[Output]:
        """Run `predict` on `items` and add its time to `seconds`.

        The time is taken in the worker's thread, because the event loop may see the end late.
        """
        start = time.perf_counter()
        try:
            with cancel_scope(self.cancelled):
                return predict([item.prepared for item in items])
        finally:
            self.seconds += time.perf_counter() - start
