from __future__ import annotations

import asyncio

import pytest

from runners import batching
from runners.errors import Overloaded
from runners.priority import Priority, prioritized
from tests.unit.doubler import Doubler, batcher


@pytest.fixture
def doubler():
    return Doubler()


def submit(subject, number, priority):
    with prioritized(priority):
        return asyncio.create_task(subject.run_one(number))


def order_of(doubler, *submitted, **options):
    """The batches while one worker computes a first item and the others are queued."""

    async def scenario():
        subject = batcher(doubler, max_batch_cost=1, **options)
        doubler.gate.clear()
        tasks = [submit(subject, 1, Priority.REQUEST)]
        await asyncio.sleep(0.02)
        tasks += [submit(subject, number, priority) for number, priority in submitted]
        await asyncio.sleep(0.02)
        doubler.gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())
    return [number for batch in doubler.batches[1:] for number in batch]


def test_the_higher_priority_goes_first(doubler):
    order = order_of(
        doubler, (2, Priority.BACKGROUND), (3, Priority.REQUEST), (4, Priority.LIVE),
        (5, Priority.BACKGROUND), (6, Priority.REQUEST),
    )  # fmt: skip
    assert order == [4, 3, 6, 2, 5]


def test_a_batch_has_one_priority(doubler):
    async def scenario():
        subject = batcher(doubler)
        doubler.gate.clear()
        tasks = [submit(subject, 1, Priority.REQUEST)]
        await asyncio.sleep(0.02)
        tasks += [submit(subject, 20, priority) for priority in (Priority.BACKGROUND, *Priority)]
        await asyncio.sleep(0.02)
        doubler.gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())
    assert [len(batch) for batch in doubler.batches] == [1, 1, 1, 2]


def running_in_background(doubler, before=None):
    """How many of four items in the background are computed at once by two workers."""

    async def scenario():
        subject = batcher(doubler, max_batch_cost=1, num_workers=2)
        if before is not None:
            await subject.run_one(before)
        doubler.gate.clear()
        tasks = [submit(subject, 5, Priority.BACKGROUND) for _ in range(4)]
        await asyncio.sleep(0.02)
        running = 4 - subject.queue_length
        doubler.gate.set()
        await asyncio.gather(*tasks)
        return running

    return asyncio.run(scenario())


def test_background_uses_all_workers_while_there_are_no_requests(doubler):
    assert running_in_background(doubler) == 2


def test_a_worker_is_kept_free_for_a_while_after_a_request(doubler, monkeypatch):
    assert running_in_background(doubler, before=1) == 1
    monkeypatch.setattr(batching, "_QUIET_SECONDS", 0.0)
    assert running_in_background(doubler, before=1) == 2


def test_admission_does_not_count_the_background(doubler):
    async def scenario():
        subject = batcher(doubler, max_wait_seconds=1.0, seconds_per_cost=1.0)
        doubler.gate.clear()
        tasks = [submit(subject, 1, Priority.REQUEST)]
        await asyncio.sleep(0.02)
        tasks += [submit(subject, 50, Priority.BACKGROUND) for _ in range(3)]
        await asyncio.sleep(0.02)
        subject.check_admission(1)
        with prioritized(Priority.LIVE):
            subject.check_admission(1)
        tasks.append(submit(subject, 50, Priority.REQUEST))
        await asyncio.sleep(0.02)
        with pytest.raises(Overloaded):
            subject.check_admission(50)
        with prioritized(Priority.BACKGROUND):
            subject.check_admission(50)
        doubler.gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())
