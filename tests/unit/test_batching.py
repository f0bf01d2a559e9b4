"""How items become batches, and what happens to cancelled ones."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from runners.batch import Batch
from runners.cancellation import stop_if_cancelled
from runners.errors import InvalidRequest, ModelFailure
from tests.unit.doubler import Doubler, ParallelDoubler, batcher


@pytest.fixture
def doubler():
    return Doubler()


def test_results_come_in_order(doubler):
    assert asyncio.run(batcher(doubler).run([3, 1, 2])) == [6, 2, 4]


def test_queued_items_become_one_batch(doubler):
    async def scenario():
        doubler.gate.clear()
        subject = batcher(doubler)
        first = asyncio.create_task(subject.run_one(1))
        await asyncio.sleep(0.05)
        others = [asyncio.create_task(subject.run_one(number)) for number in (20, 21, 22)]
        await asyncio.sleep(0.05)
        doubler.gate.set()
        return await asyncio.gather(first, *others)

    assert asyncio.run(scenario()) == [2, 40, 42, 44]
    assert [sorted(batch) for batch in doubler.batches] == [[1], [20, 21, 22]]


def test_batches_have_little_padding(doubler):
    asyncio.run(batcher(doubler, max_batch_cost=1000).run([10, 30, 11, 29, 10]))
    assert sorted(sorted(batch) for batch in doubler.batches) == [[10, 10, 11], [29, 30]]


def test_workers_share_the_queue_and_compute_concurrently(doubler):
    async def scenario():
        subject = batcher(doubler, num_workers=2)
        doubler.gate.clear()
        many = asyncio.create_task(subject.run([20, 20, 20, 20]))
        await asyncio.sleep(0.05)
        waiting = subject.queue_length
        doubler.gate.set()
        return waiting, await many

    assert asyncio.run(scenario()) == (0, [40, 40, 40, 40])
    assert doubler.batches == [[20, 20], [20, 20]]


def test_a_free_worker_starts_at_once(doubler):
    async def scenario():
        subject = batcher(doubler, num_workers=2)
        doubler.gate.clear()
        tasks = []
        for number in (1, 2, 30, 30):
            tasks.append(asyncio.create_task(subject.run_one(number)))
            await asyncio.sleep(0.02)
        waiting = subject.queue_length
        doubler.gate.set()
        return waiting, await asyncio.gather(*tasks)

    assert asyncio.run(scenario()) == (2, [2, 4, 60, 60])


@pytest.mark.parametrize(
    ("items", "cores_are_busy", "is_alone"),
    [([5], False, True), ([5], True, False), ([5, 5], False, False)],
    ids=["one item", "one item on busy cores", "two items"],
)
def test_a_single_item_on_idle_cores_is_computed_on_all_threads(items, cores_are_busy, is_alone):
    runner = ParallelDoubler()
    subject = batcher(runner, num_workers=2, cores_are_busy=lambda: cores_are_busy)
    assert asyncio.run(subject.run(items)) == [10] * len(items)
    assert runner.batches == ([items] if is_alone else [])
    computed = [item for batch in runner.single_threaded for item in batch]
    assert computed == ([] if is_alone else items)


def test_batches_have_similar_lengths_within_the_maximum_cost(doubler):
    asyncio.run(batcher(doubler, max_batch_cost=40).run([10, 50, 11, 9, 12]))
    assert [50] in doubler.batches
    assert all(len(batch) * max(batch) <= 40 for batch in doubler.batches if batch != [50])


def test_only_the_refused_item_has_an_error(doubler):
    one, refused, two = asyncio.run(batcher(doubler).run([1, 13, 2]))
    assert (one, two) == (2, 4)
    assert isinstance(refused, InvalidRequest)


def test_an_item_that_breaks_the_model_fails_alone(doubler):
    one, broken, two = asyncio.run(batcher(doubler, max_batch_cost=10_000).run([1, 666, 2]))
    assert (one, two) == (2, 4)
    assert isinstance(broken, ModelFailure)


def test_a_cancelled_item_is_not_computed(doubler):
    async def scenario():
        subject = batcher(doubler)
        doubler.gate.clear()
        first = asyncio.create_task(subject.run_one(1))
        await asyncio.sleep(0.05)
        gone = asyncio.create_task(subject.run_one(7))
        stays = asyncio.create_task(subject.run_one(8))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.sleep(0)
        doubler.gate.set()
        return await first, await stays

    assert asyncio.run(scenario()) == (2, 16)
    assert doubler.batches == [[1], [8]]


def test_the_computing_time_excludes_delays_of_the_event_loop(doubler):
    batches: list[Batch] = []

    async def scenario():
        subject = batcher(doubler, on_batch=batches.append)
        task = asyncio.create_task(subject.run_one(1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        time.sleep(0.3)  # noqa: ASYNC251  # the event loop stalls while the thread is done
        await task

    asyncio.run(scenario())
    (batch,) = batches
    assert len(batch.items) == 1
    assert batch.seconds < 0.05


class Steps(Doubler):
    """Computes in steps until it is cancelled."""

    def __init__(self):
        super().__init__()
        self.started, self.stopped = threading.Event(), threading.Event()

    def predict(self, batch):
        self.started.set()
        try:
            while not self.gate.wait(0.005):
                stop_if_cancelled()
        finally:
            self.stopped.set()
        return super().predict(batch)


def test_a_cancelled_batch_stops_and_frees_its_worker():
    async def scenario():
        runner = Steps()
        runner.gate.clear()
        subject = batcher(runner)
        gone = asyncio.create_task(subject.run_one(7))
        await asyncio.to_thread(runner.started.wait, 5)
        gone.cancel()
        assert await asyncio.to_thread(runner.stopped.wait, 5)
        runner.gate.set()
        return await subject.run_one(8), runner.batches

    assert asyncio.run(scenario()) == (16, [[8]])


def test_a_batch_continues_while_one_of_its_items_is_awaited():
    async def scenario():
        runner = Steps()
        runner.gate.clear()
        subject = batcher(runner)
        gone, stays = (asyncio.create_task(subject.run_one(number)) for number in (7, 8))
        await asyncio.to_thread(runner.started.wait, 5)
        gone.cancel()
        await asyncio.sleep(0.03)
        stopped = runner.stopped.is_set()
        runner.gate.set()
        return stopped, await stays

    assert asyncio.run(scenario()) == (False, 16)


def test_closing_cancels_running_batches():
    async def scenario():
        runner = Steps()
        runner.gate.clear()
        subject = batcher(runner)
        task = asyncio.create_task(subject.run_one(7))
        await asyncio.to_thread(runner.started.wait, 5)
        subject.close()
        stopped = await asyncio.to_thread(runner.stopped.wait, 5)
        task.cancel()
        return stopped

    assert asyncio.run(scenario())
