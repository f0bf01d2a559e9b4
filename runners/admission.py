"""Estimate how long a request would wait for a worker, from what is computed and queued now."""

from __future__ import annotations

import heapq
import time
from collections.abc import Collection
from typing import Any

from runners.batch import Batch
from runners.queueing import Request


def estimated_wait(
    turn: int,
    seconds_per_cost: float,
    running: Collection[Batch[Any, Any]],
    ahead: Collection[Request],
    num_workers: int,
) -> float:
    """Seconds until a worker is free.

    Args:
        turn: Cost that each other request adds at most: requests are scheduled round-robin, so that
            is a batch, or as much as the request itself costs.
        seconds_per_cost: Computing time per unit of cost.
        running: The batches that are computed now.
        ahead: The requests that are not of a lower priority.
        num_workers: Number of batches that are computed at the same time.
    """
    now = time.perf_counter()
    waits = [0.0] * (num_workers - len(running))
    for batch in running:
        remaining = batch.cost * seconds_per_cost - (now - batch.started)
        waits.append(0.0 if batch.cancelled.is_set() else max(0.0, remaining))
    heapq.heapify(waits)
    for other in sorted(ahead, key=lambda request: request.last_turn):
        heapq.heapreplace(waits, waits[0] + min(other.queued_cost, turn) * seconds_per_cost)
    return waits[0]
