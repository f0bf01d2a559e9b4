"""Adaptive batching in process: requests share batches of one runner.

There is no timer. An idle runner starts at once; items that arrive while it computes wait in the
queue and form the next batches (`runners.queueing`). Each worker is a thread that computes one
batch at a time, and free workers share the queue. If a batch fails, its items are computed one by
one, so that an item that breaks the model fails alone.

Work in the background (`runners.priority`) takes only what other requests leave: its items wait
until no other item does. While there are other requests, one worker is kept free of it, so that a
request does not wait for the end of a long batch.

Cancelled requests cost little: their items are removed from the queue, and a running batch whose
requests are all cancelled stops at the model's next `stop_if_cancelled`.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Generic

from runners.base import Input, Output, ParallelRunner, Prepared, Runner
from runners.batch import Batch, Predict
from runners.cancellation import Cancelled
from runners.cost_estimate import CostEstimate
from runners.errors import Overloaded, SamoError
from runners.health import ModelHealth, ModelState
from runners.preparation import prepare_all
from runners.priority import Priority, current_priority
from runners.queueing import BatchQueue, QueuedItem, Request
from runners.usage import current_meter, note_model
from runners.wait_estimate import estimated_wait

# A request is small if the queue that is always accepted has room for this many of it.
_SMALL_REQUESTS: Final = 64
# After a request, one worker is kept free of background work for this long: another may follow.
_QUIET_SECONDS: Final = 30.0


class Batcher(Generic[Input, Prepared, Output]):
    """Gives a runner's `predict` an awaitable form that batches the items of all requests.

    Args:
        name: the model's name in logs and errors.
        runner: the model. A `ParallelRunner` computes by `predict_single_threaded`, unless a batch
            is a single item that has the cores to itself.
        max_batch_cost: largest padded cost (items × longest) of a batch; an item that costs more is
            a batch of its own.
        max_wait_seconds: a request that would wait longer is refused with `Overloaded`,
        patience: unless it would wait no longer than this multiple of its own computing time.
        min_queue_cost: no request of at most a 64th of this is refused while the queue would cost
            less than this.
        seconds_per_cost: estimate of the computing time per unit of cost before the first batch.
        num_workers: number of batches that are computed at the same time.
        max_batch_seconds: the model is stuck if every worker computes a batch for longer.
        cores_are_busy: whether something else than this batcher uses the cores now.
        on_batch: called after each batch, failed and cancelled ones included.

    """

    def __init__(
        self,
        name: str,
        runner: Runner[Input, Prepared, Output],
        *,
        max_batch_cost: int,
        max_wait_seconds: float,
        patience: float = 0.0,
        min_queue_cost: int = 0,
        seconds_per_cost: float = 0.0,
        num_workers: int = 1,
        max_batch_seconds: float = math.inf,
        cores_are_busy: Callable[[], bool] = lambda: False,
        on_batch: Callable[[Batch[Prepared, Output]], None] = lambda batch: None,
    ) -> None:
        self.name = name
        self.runner = runner
        self._max_batch_cost = max_batch_cost
        self._max_wait_seconds = max_wait_seconds
        self._patience = patience
        self._min_queue_cost = min_queue_cost
        self._num_workers = num_workers
        self._health = ModelHealth(name, num_workers, max_batch_seconds)
        self._predict_on_shared_cores: Predict[Prepared, Output] = (
            runner.predict_single_threaded if isinstance(runner, ParallelRunner) else runner.predict
        )
        self._cores_are_busy = cores_are_busy
        self._on_batch = on_batch
        self._queue: BatchQueue[Prepared, Output] = BatchQueue()
        self._requests: set[Request] = set()
        self._running: dict[asyncio.Task[None], Batch[Prepared, Output]] = {}
        self._cost_estimate = CostEstimate(seconds_per_cost)
        self._last_request = -math.inf
        self._executor = ThreadPoolExecutor(max_workers=num_workers, thread_name_prefix=name)

    @property
    def queue_length(self) -> int:
        """Number of items that wait for a batch."""
        return len(self._queue)

    @property
    def num_workers(self) -> int:
        """Number of batches that are computed at the same time."""
        return self._num_workers

    @property
    def is_computing(self) -> bool:
        """Whether a batch is being computed."""
        return bool(self._running)

    @property
    def state(self) -> ModelState:
        """Whether the model computes."""
        return self._health.state(self.runner, self._running.values())

    @property
    def has_free_worker(self) -> bool:
        """Whether an item that arrives now is computed at once."""
        return not self._queue and len(self._running) < self._num_workers

    async def run(
        self,
        items: Sequence[Input],
        *,
        is_admitted: bool = False,
        on_output: Callable[[int, Output], None] = lambda index, output: None,
    ) -> list[Output | SamoError]:
        """Compute `items`; return the output or the error of each, in order.

        Args:
            items: the inputs.
            is_admitted: whether these are the rest of admitted work, which may wait for any time.
            on_output: called on the event loop as soon as an item has its output, with its index.

        Raises `ModelUnavailable` or `Overloaded`, before anything is queued, as `check_admission`.
        """
        note_model(self.name)
        self._health.check(self.runner, self._running.values())
        prepared = await prepare_all(items, self.runner.prepare, self._health.failed)
        cost = sum(self.runner.cost(p) for p in prepared if not isinstance(p, SamoError))
        if not is_admitted:
            self.check_admission(cost)
        loop = asyncio.get_running_loop()
        request = Request(self._queue.turn, cost, current_meter(), current_priority())
        if request.priority is not Priority.BACKGROUND:
            self._last_request = time.monotonic()
        self._requests.add(request)
        entries = [
            p
            if isinstance(p, SamoError)
            else QueuedItem(p, self.runner.cost(p), loop.create_future(), request)
            for p in prepared
        ]
        queued = [entry for entry in entries if isinstance(entry, QueuedItem)]
        for index, entry in enumerate(entries):
            if isinstance(entry, QueuedItem):
                entry.report_to(partial(on_output, index))
        self._queue.extend(queued)
        # Not at once: items that arrive in the same iteration of the loop share the batch.
        loop.call_soon(self._start_batches)
        try:
            await asyncio.gather(*(item.future for item in queued), return_exceptions=True)
        finally:
            self._requests.discard(request)
            for item in queued:
                item.future.cancel()
            self._cancel_abandoned()
        return [entry if isinstance(entry, SamoError) else entry.outcome() for entry in entries]

    async def run_one(self, item: Input, *, is_admitted: bool = False) -> Output:
        """Compute one item, as `run`; raises its `SamoError`."""
        (outcome,) = await self.run([item], is_admitted=is_admitted)
        if isinstance(outcome, SamoError):
            raise outcome
        return outcome

    def close(self) -> None:
        """Cancel the running batches and stop the workers."""
        for batch in self._running.values():
            batch.cancelled.set()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def check_admission(self, cost: int = 0) -> None:
        """Refuse a request that would be in vain; work in the background waits as long as it takes.

        Raises:
            Overloaded: A request of this cost would wait too long for a free worker.
            ModelUnavailable: The model could not be loaded, or all its workers are stuck.
        """
        self._health.check(self.runner, self._running.values())
        if current_priority() is Priority.BACKGROUND:
            return
        is_small = cost * _SMALL_REQUESTS <= self._min_queue_cost
        if is_small and self._queue.cost + cost < self._min_queue_cost:
            return
        wait = estimated_wait(
            cost,
            self._running.values(),
            self._requests,
            free_workers=self._num_workers - len(self._running),
            max_batch_cost=self._max_batch_cost,
            seconds_per_cost=self._cost_estimate.seconds_per_cost,
        )
        own_seconds = cost * self._cost_estimate.seconds_per_cost
        max_wait = max(self._max_wait_seconds, self._patience * own_seconds)
        if wait > max_wait:
            raise Overloaded(
                f"The {self.name} model is busy: try again after the time in Retry-After.",
                retry_after_seconds=max(1, math.ceil(wait - max_wait)),
                step=self.name,
            )

    def _cancel_abandoned(self) -> None:
        """Cancel the running batches whose items are all done or cancelled."""
        for batch in self._running.values():
            if all(item.future.done() for item in batch.items):
                batch.cancelled.set()

    def _start_batches(self) -> None:
        """Start a batch on each free worker while the queue has items."""
        self._queue.drop_done()
        while self._queue and (free := self._free_workers()) > 0:
            # Free workers share the queue, so that each gets a batch.
            limit = self._queue.cost / free if free > 1 else math.inf
            items = self._queue.take_batch(min(self._max_batch_cost, limit))
            batch = Batch.start(items)
            is_alone = not (
                len(items) > 1 or self._queue or self._running or self._cores_are_busy()
            )
            predict = self.runner.predict if is_alone else self._predict_on_shared_cores
            task = asyncio.get_running_loop().create_task(self._work(batch, predict))
            self._running[task] = batch
            task.add_done_callback(self._on_done)

    def _free_workers(self) -> int:
        """Workers that the next batch of the queue may use."""
        free = self._num_workers - len(self._running)
        is_quiet = time.monotonic() - self._last_request > _QUIET_SECONDS
        if self._queue.priority is not Priority.BACKGROUND or is_quiet or self._num_workers == 1:
            return free
        return free - 1

    def _on_done(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled():
            self._start_batches()

    async def _work(
        self, batch: Batch[Prepared, Output], predict: Predict[Prepared, Output]
    ) -> None:
        """Compute a batch, then update the cost estimate and report the batch."""
        batch.succeeded = await self._compute(batch, batch.items, predict)
        if batch.succeeded:
            self._cost_estimate.add(batch.seconds, batch.cost)
        self._on_batch(batch)
        for item in batch.items:
            if item.request.meter is not None:
                item.request.meter(batch.seconds * item.cost / max(1, batch.cost))

    async def _compute(
        self,
        batch: Batch[Prepared, Output],
        items: list[QueuedItem[Prepared, Output]],
        predict: Predict[Prepared, Output],
    ) -> bool:
        """Compute `items` of `batch` and set their futures; return whether the model succeeded."""
        loop = asyncio.get_running_loop()
        try:
            outputs = await loop.run_in_executor(self._executor, batch.compute, items, predict)
        except Cancelled:
            return False
        except Exception as error:  # noqa: BLE001  # whatever the model raises, only its items fail
            if len(items) > 1:
                for item in items:
                    if not item.future.done():
                        await self._compute(batch, [item], predict)
                return False
            if not items[0].future.done():
                items[0].future.set_exception(self._health.failed(error))
            return False
        self._health.succeeded()
        for item, output in zip(items, outputs, strict=True):
            if not item.future.done():
                item.future.set_result(output)
        return True
