"""Callers get equal shares, whatever they send at once."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from runners import fairness
from runners.base import Runner
from runners.batching import Batcher
from runners.callers import current_caller, set_caller
from runners.errors import Overloaded
from runners.fairness import FairOrder, FairSlots
from samo.http.receiving import UploadMemoryBudget
from samo.insight import threads
from samo.limits import MAX_FORM_BYTES


class Recorder(Runner[str, str, str]):
    """A runner that notes the order of its batches; each waits for a permit."""

    def __init__(self):
        self.order: list[list[str]] = []
        self.permits = threading.Semaphore(0)

    @classmethod
    def load(cls, folder, **options):
        return cls()

    def prepare(self, item):
        return item

    def cost(self, prepared):
        return int(prepared.rpartition(":")[2] or 1)

    def predict(self, batch):
        self.permits.acquire(timeout=10)
        self.order.append(list(batch))
        return list(batch)

    def warm_up(self):
        pass


async def as_caller(caller, awaitable):
    set_caller(caller)
    return await awaitable


def batcher(runner, **options):
    return Batcher("test", runner, **{"max_batch_cost": 1, "max_wait_seconds": 1e9} | options)


async def serve(runner, subject, requests):
    """Queue the requests (caller, items) in order, then let them be computed."""
    tasks = []
    for caller, items in requests:
        tasks.append(asyncio.create_task(as_caller(caller, subject.run(items))))
        await asyncio.sleep(0.001)
    for _ in range(sum(len(items) for _, items in requests)):
        runner.permits.release()
    await asyncio.gather(*tasks)


def test_a_caller_with_one_text_does_not_wait_for_the_requests_of_another():
    runner = Recorder()
    flood = [("a", [f"a{number}:1" for number in range(10)]) for _ in range(5)]
    asyncio.run(serve(runner, batcher(runner), [*flood, ("b", ["b:1"])]))
    # one batch is computed already, and the next one goes to b
    assert runner.order.index(["b:1"]) == 1


def test_two_callers_alternate_however_many_requests_they_send():
    runner = Recorder()
    many = [("a", ["a:1"]) for _ in range(20)]
    few = [("b", ["b:1"] * 5)]
    asyncio.run(serve(runner, batcher(runner), [*many, *few]))
    first = [batch[0][0] for batch in runner.order[:11]]
    assert first.count("b") == 5


def test_shares_are_of_cost_and_not_of_items():
    runner = Recorder()
    requests = [("a", ["a:10"] * 6), ("b", ["b:1"] * 30)]
    asyncio.run(serve(runner, batcher(runner), requests))
    served = [batch[0] for batch in runner.order]
    third = [place for place, item in enumerate(served) if item == "a:10"][2]
    assert 18 <= served[:third].count("b:1") <= 22


def test_callers_with_a_text_each_share_a_batch():
    runner = Recorder()
    subject = batcher(runner, max_batch_cost=8)
    callers = [(name, [f"{name}:1"]) for name in "abcde"]
    asyncio.run(serve(runner, subject, callers))
    assert [len(batch) for batch in runner.order] == [1, 4]


def test_the_text_of_one_caller_is_not_computed_with_the_flood_of_another():
    runner = Recorder()
    subject = batcher(runner, max_batch_cost=8)
    asyncio.run(serve(runner, subject, [("a", ["a:1"] * 32), ("b", ["b:1"] * 2)]))
    assert runner.order[1] == ["b:1", "b:1"]
    assert [len(batch) for batch in runner.order if batch[0] == "a:1"] == [8] * 4


def test_one_caller_is_served_as_without_callers():
    runner = Recorder()
    asyncio.run(serve(runner, batcher(runner), [("a", ["x:1"] * 3), ("a", ["y:1"] * 3)]))
    assert [batch[0][0] for batch in runner.order] == ["x", "x", "y", "x", "y", "y"]


def test_the_queue_of_one_caller_refuses_no_other():
    """Admission: 100 s of one caller's requests are in the queue, and 1 s is the longest wait."""

    async def scenario():
        runner = Recorder()
        subject = batcher(runner, max_wait_seconds=1.0, seconds_per_cost=0.5)
        subject._cost_estimate._cost = 1e9  # the estimate stays as it is
        subject._cost_estimate._seconds = 0.5e9
        set_caller("a")
        tasks = [asyncio.create_task(subject.run(["a:1"])) for _ in range(2)]
        await asyncio.sleep(0.01)
        for _ in range(5):
            tasks.append(asyncio.create_task(subject.run(["a:1"])))
            await asyncio.sleep(0.01)
        with pytest.raises(Overloaded):
            subject.check_admission(1)
        set_caller("b")
        subject.check_admission(1)
        for _ in tasks:
            runner.permits.release()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scenario())


def test_a_caller_who_returns_has_saved_nothing():
    order = FairOrder()
    for _ in range(100):
        order.advance("a")
        order.charge("a", 1)
    for _ in range(3):  # b arrives, and does not get a hundred turns
        order.advance("b")
        order.charge("b", 1)
    assert order.next_caller(["a", "b"]) == "a"


def test_remembered_callers_are_bounded(monkeypatch):
    monkeypatch.setattr(fairness, "_MAX_CALLERS", 100)
    order = FairOrder()
    for number in range(10_000):
        caller = str(number)
        order.advance(caller)
        order.charge(caller, 1 + number % 7)
    assert len(order._finished) <= 100


def test_slots_are_handed_out_in_turns():
    async def scenario():
        slots, served = FairSlots(1), []

        async def work(caller):
            set_caller(caller)
            async with slots.slot(1):
                served.append(current_caller())
                await asyncio.sleep(0)

        tasks = [asyncio.create_task(work("a")) for _ in range(6)]
        await asyncio.sleep(0)
        tasks += [asyncio.create_task(work("b")) for _ in range(3)]
        await asyncio.gather(*tasks)
        assert served.index("b") <= 2
        assert served[:6].count("b") >= 2

    asyncio.run(scenario())


def test_cancelled_tasks_leave_their_slot():
    async def scenario():
        slots = FairSlots(1)
        inside = asyncio.Event()

        async def hold(seconds):
            async with slots.slot(1):
                inside.set()
                await asyncio.sleep(seconds)

        first = asyncio.create_task(hold(60))
        await inside.wait()
        waiting = [asyncio.create_task(hold(0)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        first.cancel()
        waiting[1].cancel()  # in the moment in which it may get the slot
        await asyncio.gather(first, *waiting, return_exceptions=True)
        async with asyncio.timeout(1):
            await hold(0)

    asyncio.run(scenario())


def test_uploads_of_one_caller_leave_memory_for_others():
    budget = UploadMemoryBudget(4 * MAX_FORM_BYTES)
    budget.add("a", 3 * MAX_FORM_BYTES)
    assert not budget.has_room_for("a", 1)
    assert budget.has_room_for("b", MAX_FORM_BYTES)
    budget.add("a", -3 * MAX_FORM_BYTES)
    assert budget.has_room_for("a", 3 * MAX_FORM_BYTES)
    assert not budget._used_by


def test_background_calls_of_one_caller_refuse_no_other():
    async def scenario():
        gate = threading.Event()
        set_caller("a")
        calls: list[Any] = [
            asyncio.create_task(threads.run_in_background(gate.wait, 10)) for _ in range(12)
        ]
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded):
            await threads.run_in_background(gate.wait, 10)
        set_caller("b")
        calls.append(asyncio.create_task(threads.run_in_background(gate.wait, 10)))
        await asyncio.sleep(0.01)
        gate.set()
        await asyncio.gather(*calls)
        assert not threads._pending_calls

    asyncio.run(scenario())
