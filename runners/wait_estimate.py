"""Estimate how long a request would wait in the queue of a batcher."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from runners.batch import Batch
from runners.callers import current_caller
from runners.priority import current_priority
from runners.queueing import Request


def estimated_wait(
    cost: int,
    running: Iterable[Batch[Any, Any]],
    requests: Iterable[Request],
    *,
    free_workers: int,
    max_batch_cost: int,
    seconds_per_cost: float,
) -> float:
    """Seconds until a worker is free for a request of this cost, of the current caller.

    The requests of one caller are scheduled round-robin, so each other request adds at most one
    batch, or as much cost as this one has. Callers have equal shares, so all requests of another
    caller together add at most as much as those of this one. Requests of a lower priority add
    nothing.
    """
    priority, caller = current_priority(), current_caller()
    now = time.perf_counter()
    waits = [0.0] * free_workers
    for batch in running:
        remaining = batch.cost * seconds_per_cost - (now - batch.started)
        waits.append(0.0 if batch.cancelled.is_set() else max(0.0, remaining))
    heapq.heapify(waits)
    turn = max(cost, max_batch_cost)
    own, others = 0, Counter[str]()
    ahead = [request for request in requests if request.priority <= priority]
    for other in sorted(ahead, key=lambda request: request.last_turn):
        if other.caller == caller:
            added = min(other.queued_cost, turn)
            own += added
            heapq.heapreplace(waits, waits[0] + added * seconds_per_cost)
        else:
            others[other.caller] += other.queued_cost
    for queued_cost in others.values():
        added = min(queued_cost, max(own, turn))
        heapq.heapreplace(waits, waits[0] + added * seconds_per_cost)
    return waits[0]
