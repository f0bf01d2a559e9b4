"""Rate limits: moving windows in memory, the computing that is charged, clients' addresses."""

from __future__ import annotations

import asyncio

import pytest
from starlette.datastructures import Headers

from runners.base import Runner
from runners.batching import Batcher
from runners.usage import metered
from samo.access import memory_storage, rate_limits
from samo.access.caller import Caller
from samo.access.memory_storage import WindowStorage
from samo.access.rate_limits import RateLimiter
from samo.http.client_address import client_address
from samo.settings import Settings


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1_000_000.0

        def time(self):
            return self.now

        monotonic = time

    clock = Clock()
    monkeypatch.setattr(memory_storage, "time", clock)
    monkeypatch.setattr(rate_limits, "time", clock)
    return clock


def test_a_window_moves(clock):
    storage = WindowStorage()
    taken = []
    for second in range(0, 100, 10):
        clock.now = 1_000_000.0 + second
        taken.append(storage.acquire_entry("a", 3, 60))
    # the entries of 0, 10 and 20 s leave at 60, 70 and 80 s
    assert taken == [True, True, True, False, False, False, True, True, True, False]
    assert storage.get_moving_window("a", 3, 60) == (1_000_060.0, 3)
    assert storage.get_moving_window("b", 3, 60) == (clock.now, 0)


def test_a_cost_is_taken_wholly_or_not_at_all(clock):
    storage = WindowStorage()
    assert storage.acquire_entry("a", 10, 60, amount=7)
    assert not storage.acquire_entry("a", 10, 60, amount=4)
    assert storage.acquire_entry("a", 10, 60, amount=3)
    assert storage.get_moving_window("a", 10, 60)[1] == 10


def test_windows_of_callers_that_left_are_removed(clock):
    storage = WindowStorage()
    for number in range(1000):
        storage.acquire_entry(str(number), 3, 60)
    clock.now += 61
    for _ in range(600):
        storage.acquire_entry("new", 1000, 60)
    assert len(storage) == 1


def test_the_number_of_windows_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(memory_storage, "MAX_WINDOWS", 10)
    storage = WindowStorage()
    for number in range(100):
        storage.acquire_entry("kept", 1000, 60)
        storage.acquire_entry(str(number), 3, 60)
    assert len(storage) == 10
    assert storage.get_moving_window("kept", 1000, 60)[1] == 100


def admit(limiter, caller):
    return asyncio.run(limiter.admit(caller))


def test_of_several_limits_the_tightest_is_reported(clock):
    limiter = RateLimiter()
    caller = Caller("key:a", "2/second;3/hour", None)
    first, second, third = (admit(limiter, caller) for _ in range(3))
    assert (first.refusal, second.refusal) == (None, None)
    assert second.headers["ratelimit-policy"] == "2;w=1"
    assert third.refusal.retry_after_seconds == 1
    clock.now += 2
    fourth = admit(limiter, caller)
    assert fourth.headers["ratelimit-policy"] == "3;w=3600"
    clock.now += 2
    fifth = admit(limiter, caller)
    assert fifth.refusal.details["period_seconds"] == 3600
    assert fifth.refusal.retry_after_seconds == 3596


def test_callers_do_not_share_limits(clock):
    limiter = RateLimiter()
    for identity in ("key:a", "key:b", "address:a"):
        caller = Caller(identity, "1/minute", None)
        assert admit(limiter, caller).refusal is None
        assert admit(limiter, caller).refusal is not None


def test_computing_is_charged_afterwards_and_expires(clock):
    limiter = RateLimiter()
    caller = Caller("key:a", None, "2/minute")
    assert admit(limiter, caller).refusal is None
    asyncio.run(limiter.charge(caller, 1.0))
    assert admit(limiter, caller).refusal is None
    asyncio.run(limiter.charge(caller, 100.0))  # more than the limit: what is left of it
    refusal = admit(limiter, caller).refusal
    assert (refusal.details["limit"], refusal.retry_after_seconds) == (2, 60)
    clock.now += 61
    assert admit(limiter, caller).refusal is None


def test_short_computing_is_counted_right_on_average():
    units = sum(rate_limits._to_units(0.015) for _ in range(20_000))
    assert units == pytest.approx(20_000 * 0.15, rel=0.1)


@pytest.mark.parametrize("value", ["", "often", "60", "0/minute", "-1/minute", "60/fortnight"])
def test_a_limit_that_is_none_stops_the_start(value):
    for name in ("rate_limit", "compute_limit"):
        with pytest.raises(ValueError, match="60/minute"):
            Settings(**{name: value})


@pytest.mark.parametrize("value", ["localhost:6379", "http://redis", "redis://", "memory://"])
def test_an_address_that_is_no_redis_stops_the_start(value):
    with pytest.raises(ValueError, match="redis://host:6379"):
        Settings(redis_url=value)


# The computing of a request


class Sleeping(Runner[str, str, str]):
    """Each item costs its length."""

    @classmethod
    def load(cls, folder, *, threads):
        return cls()

    def prepare(self, item):
        return item

    def cost(self, prepared):
        return len(prepared)

    def predict(self, batch):
        import time

        time.sleep(0.05)
        return list(batch)

    def warm_up(self):
        pass


def test_a_batch_is_charged_to_its_requests_by_cost():
    seconds = {"short": 0.0, "long": 0.0}

    async def request(batcher, name, item):
        def meter(value):
            seconds[name] += value

        with metered(meter):
            await batcher.run_one(item)

    async def scenario():
        batcher = Batcher("test", Sleeping(), max_batch_cost=1000, max_wait_seconds=10)
        # the same batch, in which padding may add a tenth
        await asyncio.gather(
            request(batcher, "short", "x" * 90), request(batcher, "long", "x" * 100)
        )
        batcher.close()

    asyncio.run(scenario())
    assert seconds["short"] / seconds["long"] == pytest.approx(0.9)
    assert sum(seconds.values()) == pytest.approx(0.05, abs=0.03)


def test_nothing_is_charged_outside_of_a_meter():
    async def scenario():
        batcher = Batcher("test", Sleeping(), max_batch_cost=1000, max_wait_seconds=10)
        output = await batcher.run_one("x")
        batcher.close()
        return output

    assert asyncio.run(scenario()) == "x"


# Addresses


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, "203.0.113.1", "192.0.2.1"),
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "198.51.100.1, 203.0.113.1", "203.0.113.1"),
        (2, "198.51.100.9, 203.0.113.1, 10.0.0.1", "203.0.113.1"),
        (2, "203.0.113.1", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, None, "192.0.2.1"),
        (1, "unknown", "192.0.2.1"),
        (1, "203.0.113.1:4711", "203.0.113.1"),
        (1, "[2001:db8:1:2:3::4]:4711", "2001:db8:1:2::/64"),
        (1, "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (1, "::ffff:203.0.113.1", "203.0.113.1"),
    ],
)
def test_the_address_of_a_client(hops, forwarded, address):
    headers = Headers({} if forwarded is None else {"x-forwarded-for": forwarded})
    assert client_address({"client": ("192.0.2.1", 1)}, headers, hops) == address


def test_repeated_headers_are_one_list():
    headers = Headers(raw=[(b"x-forwarded-for", b"203.0.113.1"), (b"x-forwarded-for", b"10.0.0.1")])
    assert client_address({"client": ("192.0.2.1", 1)}, headers, 2) == "203.0.113.1"


def test_a_connection_without_an_address():
    assert client_address({"client": None}, Headers({}), 0) == ""
