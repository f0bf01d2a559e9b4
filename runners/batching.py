"""Adaptive batching in process: one runner, a few lanes, batches of what has piled up.

No timer: an idle runner starts at once, and while it computes, requests pile up and become the
next batches. Each lane is a thread that computes a batch of its own; what waits is divided among
the free ones. A batch holds the oldest waiting item and the items nearest to it in length, up to a
budget of cost and with little padding, which is wasted CPU. Requests take turns, so that one with a
thousand items delays the others by a batch and not by all of its own. When a batch fails its items
are tried alone, so that one bad item fails nobody else's.

An item that nobody awaits any more is dropped from the queue. A batch of which nobody awaits
anything any more is cancelled: its model stops at its next `stop_if_cancelled`.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic

from runners.base import Input, Output, Prepared, Runner
from runners.cancellation import Cancelled, cancelled_by
from runners.errors import ModelFailure, Overloaded, SamoError
from runners.speed import Speed

_log = logging.getLogger("bentoml.samo.batching")

Predict = Callable[[Sequence[Prepared]], list[Output]]

# What a batch may add to its items' cost: where a text costs as much in a batch as alone, every
# padded token is a loss.
_MAX_PADDING = 0.1
# Items are prepared for this long before other requests have a turn of the event loop.
_PREPARE_SECONDS = 0.01


@dataclass(slots=True, eq=False)
class _Request:
    """The items of one call: when they were last served, and the cost that still waits."""

    served: int
    cost: int


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Prepared, Output]):
    prepared: Prepared
    cost: int
    future: asyncio.Future[Output]
    request: _Request


@dataclass(slots=True, eq=False)
class _Batch(Generic[Prepared, Output]):
    """Items that are computed together: when that began, and whether anybody waits for it."""

    entries: list[_Waiting[Prepared, Output]]
    cost: int
    started: float
    seconds: float = 0.0
    cancelled: threading.Event = field(default_factory=threading.Event)

    def compute(
        self, entries: Sequence[_Waiting[Prepared, Output]], predict: Predict[Prepared, Output]
    ) -> list[Output]:
        """Run `predict` and time it, in the thread of a lane: the event loop may be late."""
        start = time.perf_counter()
        try:
            with cancelled_by(self.cancelled):
                return predict([entry.prepared for entry in entries])
        finally:
            self.seconds += time.perf_counter() - start


class Batcher(Generic[Input, Prepared, Output]):
    """Gives a runner's `predict` an awaitable form that batches.

    Args:
        name: of the runner, in logs and errors.
        runner: the model.
        max_batch_cost: padded cost (items × longest) of a batch; a longer item runs alone.
        max_wait_seconds: an item that would wait longer is refused with `Overloaded`.
        seconds_per_cost: first guess of how long a unit of cost computes, until it is measured.
        lanes: number of batches that compute at a time.
        beside: computes a batch in place of `runner.predict` unless it is a single item that has
            the cores to itself; for models that make better use of them by several batches on a
            core each than by one batch on all.
        others_compute: whether something else than this runner wants the cores now.
        on_batch: called after each batch with its number of items and its seconds.

    """

    def __init__(
        self,
        name: str,
        runner: Runner[Input, Prepared, Output],
        *,
        max_batch_cost: int,
        max_wait_seconds: float,
        seconds_per_cost: float = 0.0,
        lanes: int = 1,
        beside: Predict[Prepared, Output] | None = None,
        others_compute: Callable[[], bool] = lambda: False,
        on_batch: Callable[[int, float], None] = lambda items, seconds: None,
    ) -> None:
        self.name = name
        self.runner = runner
        self._max_batch_cost = max_batch_cost
        self._max_wait_seconds = max_wait_seconds
        self._lanes = lanes
        self._beside = beside or runner.predict
        self._others_compute = others_compute
        self._on_batch = on_batch
        self._waiting: list[_Waiting[Prepared, Output]] = []
        self._requests: set[_Request] = set()
        self._turn = 0
        self._running: dict[asyncio.Task[None], _Batch[Prepared, Output]] = {}
        self._speed = Speed(seconds_per_cost)
        self._executor = ThreadPoolExecutor(max_workers=lanes, thread_name_prefix=name)

    @property
    def queue_length(self) -> int:
        """Number of items that wait for a batch."""
        return len(self._waiting)

    @property
    def is_computing(self) -> bool:
        """Whether a batch computes now."""
        return bool(self._running)

    async def run(self, items: Sequence[Input]) -> list[Output | SamoError]:
        """Run `items`; each gets its own result or error, in order.

        Raises `Overloaded` before anything is queued when the wait would be too long.
        """
        prepared = await self._prepare_all(items)
        cost = sum(self.runner.cost(p) for p in prepared if not isinstance(p, SamoError))
        self.check_admission(cost)
        loop = asyncio.get_running_loop()
        request = _Request(self._turn, cost)
        self._requests.add(request)
        entries = [
            p
            if isinstance(p, SamoError)
            else _Waiting(p, self.runner.cost(p), loop.create_future(), request)
            for p in prepared
        ]
        futures = [entry.future for entry in entries if isinstance(entry, _Waiting)]
        self._waiting.extend(entry for entry in entries if isinstance(entry, _Waiting))
        # not at once: what else arrives in this turn of the loop goes into the same batch
        loop.call_soon(self._fill_lanes)
        try:
            await asyncio.gather(*futures, return_exceptions=True)
        finally:
            self._requests.discard(request)
            for future in futures:
                future.cancel()
            self._cancel_abandoned()
        return [entry if isinstance(entry, SamoError) else _outcome(entry) for entry in entries]

    async def run_one(self, item: Input) -> Output:
        """Run one item; raises its `SamoError`."""
        (outcome,) = await self.run([item])
        if isinstance(outcome, SamoError):
            raise outcome
        return outcome

    def close(self) -> None:
        """Stop the runner's threads: what they compute is cancelled."""
        for batch in self._running.values():
            batch.cancelled.set()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _prepare_all(self, items: Sequence[Input]) -> list[Prepared | SamoError]:
        """Prepare items; between them the event loop has its turn every few milliseconds."""
        prepared: list[Prepared | SamoError] = []
        begun = time.perf_counter()
        for item in items:
            if time.perf_counter() - begun > _PREPARE_SECONDS:
                await asyncio.sleep(0)
                begun = time.perf_counter()
            prepared.append(self._prepare(item))
        return prepared

    def _prepare(self, item: Input) -> Prepared | SamoError:
        try:
            return self.runner.prepare(item)
        except Exception as error:  # noqa: BLE001  # whatever an input does, it fails alone
            return self._failure(error)

    def _failure(self, error: Exception) -> SamoError:
        """The error itself if it is one of ours; what else a model raises may hold the text."""
        if isinstance(error, SamoError):
            return error
        _log.error("%s failed: %s", self.name, type(error).__name__)
        return ModelFailure(f"The {self.name} model could not answer.", step=self.name)

    def check_admission(self, cost: int = 0) -> None:
        """Raise `Overloaded` where an item of this cost would wait too long for a free lane."""
        wait = self._wait(cost)
        if wait > self._max_wait_seconds:
            raise Overloaded(
                f"The {self.name} model is busy: try again after the time in Retry-After.",
                retry_after_seconds=max(1, math.ceil(wait - self._max_wait_seconds)),
                step=self.name,
            )

    def _wait(self, cost: int) -> float:
        """Seconds until a lane is free for an item of this cost; what is computed already counts.

        Each other request is ahead by one batch at most, because requests take turns.
        """
        now = time.perf_counter()
        rate = self._speed.seconds_per_cost
        lanes = [0.0] * (self._lanes - len(self._running))
        for batch in self._running.values():
            left = batch.cost * rate - (now - batch.started)
            lanes.append(0.0 if batch.cancelled.is_set() else max(0.0, left))
        heapq.heapify(lanes)
        turn = max(cost, self._max_batch_cost)
        for other in sorted(self._requests, key=lambda request: request.served):
            heapq.heapreplace(lanes, lanes[0] + min(other.cost, turn) * rate)
        return lanes[0]

    def _cancel_abandoned(self) -> None:
        """Cancel the batches of which nobody awaits an item any more."""
        for batch in self._running.values():
            if all(entry.future.done() for entry in batch.entries):
                batch.cancelled.set()

    def _fill_lanes(self) -> None:
        """Start a batch in each free lane while there is something to compute."""
        self._waiting = [entry for entry in self._waiting if not entry.future.done()]
        while self._waiting and len(self._running) < self._lanes:
            entries = self._next_batch()
            cost = sum(entry.cost for entry in entries)
            batch = _Batch(entries, cost, started=time.perf_counter())
            together = len(entries) > 1 or self._waiting or self._running or self._others_compute()
            predict = self._beside if together else self.runner.predict
            task = asyncio.get_running_loop().create_task(self._work(batch, predict))
            self._running[task] = batch
            task.add_done_callback(self._free_lane)

    def _free_lane(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled():
            self._fill_lanes()

    def _next_batch(self) -> list[_Waiting[Prepared, Output]]:
        """Take the next in turn and its nearest in length: a free lane's share of what waits."""
        budget = float(self._max_batch_cost)
        if (free := self._lanes - len(self._running)) > 1:
            budget = min(budget, sum(entry.cost for entry in self._waiting) / free)
        oldest = min(self._waiting, key=lambda entry: entry.request.served)
        batch: list[_Waiting[Prepared, Output]] = []
        longest = cost = 0
        for entry in sorted(self._waiting, key=lambda entry: abs(entry.cost - oldest.cost)):
            padded = (len(batch) + 1) * max(longest, entry.cost)
            limit = min(budget, (cost + entry.cost) * (1.0 + _MAX_PADDING))
            if batch and padded > limit:
                break
            longest = max(longest, entry.cost)
            cost += entry.cost
            batch.append(entry)
        self._turn += 1
        for entry in batch:
            entry.request.served = self._turn
            entry.request.cost -= entry.cost
        taken = set(map(id, batch))
        self._waiting = [entry for entry in self._waiting if id(entry) not in taken]
        return batch

    async def _work(
        self, batch: _Batch[Prepared, Output], predict: Predict[Prepared, Output]
    ) -> None:
        whole = await self._compute(batch, batch.entries, predict)
        if whole:
            self._speed.add(batch.seconds, batch.cost)
        self._on_batch(len(batch.entries), batch.seconds)

    async def _compute(
        self,
        batch: _Batch[Prepared, Output],
        entries: list[_Waiting[Prepared, Output]],
        predict: Predict[Prepared, Output],
    ) -> bool:
        """Compute `entries` of `batch`, set their futures, return whether the model answered."""
        loop = asyncio.get_running_loop()
        try:
            outputs = await loop.run_in_executor(self._executor, batch.compute, entries, predict)
        except Cancelled:
            return False
        except Exception as error:  # noqa: BLE001  # whatever a model raises fails its items only
            if len(entries) > 1:
                for entry in entries:
                    if not entry.future.done():
                        await self._compute(batch, [entry], predict)
                return False
            if not entries[0].future.done():
                entries[0].future.set_exception(self._failure(error))
            return False
        for entry, output in zip(entries, outputs, strict=True):
            if not entry.future.done():
                entry.future.set_result(output)
        return True


def _outcome(entry: _Waiting[Prepared, Output]) -> Output | SamoError:
    with contextlib.suppress(SamoError):
        return entry.future.result()
    error = entry.future.exception()
    assert isinstance(error, SamoError)  # noqa: S101  # _compute sets nothing else
    return error
