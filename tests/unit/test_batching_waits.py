"""Who waits for a model, for how long, and who is refused."""

from __future__ import annotations

import asyncio
import time

import pytest

from runners.errors import Overloaded
from tests.unit.doubler import Doubler, batcher


@pytest.fixture
def doubler():
    return Doubler()


def test_a_long_wait_is_refused_with_retry_after(doubler):
    async def scenario():
        subject = batcher(doubler, max_wait_seconds=0.5, seconds_per_cost=1.0)
        doubler.gate.clear()
        running = asyncio.create_task(subject.run_one(5))
        await asyncio.sleep(0.05)
        try:
            with pytest.raises(Overloaded) as refusal:
                await subject.run_one(1)
        finally:
            doubler.gate.set()
            await running
        return refusal.value

    assert asyncio.run(scenario()).retry_after_seconds == 5


def test_a_short_queue_is_accepted_however_slow_the_model_is(doubler):
    async def scenario():
        subject = batcher(doubler, max_wait_seconds=0.5, seconds_per_cost=1.0, min_queue_cost=128)
        doubler.gate.clear()
        accepted = []
        for item in (5, *[2] * 63):  # the first is computed, the others wait
            accepted.append(asyncio.create_task(subject.run_one(item)))
            await asyncio.sleep(0.01)
        try:
            for item in (2, 3):  # no room; not small
                with pytest.raises(Overloaded):
                    await subject.run_one(item)
        finally:
            doubler.gate.set()
        return await asyncio.gather(*accepted)

    assert asyncio.run(scenario()) == [10, *[4] * 63]


def test_an_idle_model_accepts_any_item(doubler):
    subject = batcher(doubler, max_wait_seconds=0.001, seconds_per_cost=1.0)
    assert asyncio.run(subject.run_one(50)) == 100


def test_requests_take_turns(doubler):
    async def scenario():
        subject = batcher(doubler, max_batch_cost=2)
        doubler.gate.clear()
        many = asyncio.create_task(subject.run([2] * 20))
        await asyncio.sleep(0.05)
        one = asyncio.create_task(subject.run_one(1))
        await asyncio.sleep(0.05)
        doubler.gate.set()
        await one
        await many

    asyncio.run(scenario())
    assert doubler.batches.index([1]) <= 2
    assert len(doubler.batches) == 21


def test_a_large_request_does_not_block_others(doubler):
    async def scenario():
        subject = batcher(doubler, max_batch_cost=10, max_wait_seconds=30.0, seconds_per_cost=1.0)
        doubler.gate.clear()
        many = asyncio.create_task(subject.run([10] * 20))
        await asyncio.sleep(0.05)
        one = asyncio.create_task(subject.run_one(1))
        await asyncio.sleep(0.05)
        doubler.gate.set()
        result = await one
        await many
        return result

    assert asyncio.run(scenario()) == 2


def test_a_free_worker_accepts_an_item_however_long_others_take(doubler):
    async def scenario():
        subject = batcher(doubler, max_wait_seconds=0.5, seconds_per_cost=100.0, num_workers=2)
        doubler.gate.clear()
        long = asyncio.create_task(subject.run_one(50))
        await asyncio.sleep(0.02)
        short = asyncio.create_task(subject.run_one(1))
        await asyncio.sleep(0.02)
        waiting = subject.queue_length
        doubler.gate.set()
        return waiting, await long, await short

    assert asyncio.run(scenario()) == (0, 100, 2)


def test_a_long_batch_delays_only_its_worker(doubler):
    async def scenario():
        options = {"max_wait_seconds": 10.0, "seconds_per_cost": 1.0, "max_batch_cost": 1}
        subject = batcher(doubler, num_workers=2, **options)
        doubler.gate.clear()
        tasks = []
        for number in (5000, 2, 3):  # the third waits for the second, not for the first
            tasks.append(asyncio.create_task(subject.run_one(number)))
            await asyncio.sleep(0.02)
        doubler.gate.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(scenario()) == [10_000, 4, 6]


def test_retry_after_decreases_while_a_batch_is_computed(doubler, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])

    async def scenario():
        subject = batcher(doubler, max_wait_seconds=10.0, seconds_per_cost=1.0)
        doubler.gate.clear()
        running = asyncio.create_task(subject.run_one(50))
        await asyncio.sleep(0.02)
        waits = []
        for seconds in (0, 15, 15):
            clock[0] += seconds
            with pytest.raises(Overloaded) as refusal:
                subject.check_admission(1)
            waits.append(refusal.value.retry_after_seconds)
        clock[0] += 11
        subject.check_admission(1)  # a wait of 9 seconds is allowed, up to 10
        doubler.gate.set()
        await running
        return waits

    assert asyncio.run(scenario()) == [40, 25, 10]
