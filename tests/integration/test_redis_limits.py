"""Rate limits that instances share, in a real Redis that goes away and comes back."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
import redis as redis_library

from samo.access import redis_windows
from samo.access.caller import Caller
from samo.access.rate_limits import RateLimiter
from samo.redis_client import REDIS_SECONDS
from samo.settings import Settings
from tests.conftest import running
from tests.e2e.conftest import free_port
from tests.http.errors import error_of

SERVER = shutil.which("redis-server")
pytestmark = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")


class Redis:
    """A Redis in a subprocess, with a password; nothing of it is kept on disk."""

    password = "pa55word"

    def __init__(self, folder) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(SERVER), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--requirepass", self.password],
            cwd=self._folder, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        pytest.fail("Redis does not start")

    def client(self) -> redis_library.Redis:
        return redis_library.Redis.from_url(self.url)

    def commands(self) -> int:
        """Scripts that were run."""
        with self.client() as client:
            return client.info("commandstats")["cmdstat_evalsha"]["calls"]

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def redis(tmp_path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def patient(monkeypatch):
    """Machines that run tests are busy."""
    monkeypatch.setattr(redis_windows, "REDIS_SECONDS", 5.0)


CALLER = Caller("key:phone", "5/minute", "2/minute")


def with_instances(number, url, scenario):
    """The result of `scenario`, which gets the limiters of so many instances."""

    async def run():
        limiters = [RateLimiter(url) for _ in range(number)]
        try:
            return await scenario(*limiters)
        finally:
            for limiter in limiters:
                await limiter.close()

    return asyncio.run(run())


def test_instances_share_their_counts(redis, patient):
    async def scenario(first, second):
        admissions = []
        for _ in range(3):
            admissions += [await first.admit(CALLER), await second.admit(CALLER)]
        return admissions

    admissions = with_instances(2, redis.url, scenario)
    assert [one.headers["ratelimit-remaining"] for one in admissions] == list("432100")
    assert [one.refusal is None for one in admissions] == [True] * 5 + [False]
    assert 50 <= admissions[-1].refusal.retry_after_seconds <= 60


def test_concurrent_requests_never_exceed_the_limit(redis, patient):
    async def scenario(*instances):
        return await asyncio.gather(*(instances[n % 4].admit(CALLER) for n in range(40)))

    assert sum(one.refusal is None for one in with_instances(4, redis.url, scenario)) == 5


def test_computing_is_shared(redis, patient):
    async def scenario(first, second):
        await first.charge(CALLER, 1.5)
        before = await second.admit(CALLER)
        await second.charge(CALLER, 30.0)
        return before, await first.admit(CALLER)

    before, after = with_instances(2, redis.url, scenario)
    assert before.refusal is None
    assert after.refusal.details["counted"] == "seconds of computing"


def test_a_request_is_one_round_trip(redis, patient):
    """Counting, and what is left of requests and computing, in one command."""

    async def scenario(limiter):
        await limiter.admit(CALLER)  # loads the script
        before = redis.commands()
        await limiter.admit(CALLER)
        return redis.commands() - before

    assert with_instances(1, redis.url, scenario) == 1


def test_a_refused_request_is_not_counted_for_other_limits(redis, patient):
    caller = Caller("key:phone", "2/second;100/hour", None)

    async def scenario(limiter):
        admissions = [await limiter.admit(caller) for _ in range(10)]
        await asyncio.sleep(1.1)
        return admissions, await limiter.admit(caller)

    admissions, later = with_instances(1, redis.url, scenario)
    served = sum(one.refusal is None for one in admissions)
    assert 2 <= served < 10
    usage = with_instances(
        1, redis.url, lambda limiter: limiter.admit(Caller("key:phone", "100/hour", None))
    )
    assert int(usage.headers["ratelimit-remaining"]) == 100 - served - 2
    assert later.refusal is None


def test_windows_leave_redis(redis, patient):
    async def scenario(limiter):
        await limiter.admit(Caller("key:phone", "5/second", None))
        await asyncio.sleep(1.5)

    with_instances(1, redis.url, scenario)
    with redis.client() as client:
        assert client.dbsize() == 0


def test_a_redis_that_goes_away_and_comes_back(redis, monkeypatch, caplog):
    monkeypatch.setattr(redis_windows, "RETRY_SECONDS", 0.2)
    settings = Settings(runners="fake", rate_limit="4/minute", redis_url=redis.url)

    with running(settings) as client:

        def predict():
            return client.post("/predict", json={"text": "joy"})

        def remaining():
            response = predict()
            assert response.status_code == 200
            return int(response.headers["ratelimit-remaining"])

        monkeypatch.setattr(redis_windows, "REDIS_SECONDS", 5.0)
        assert [remaining(), remaining()] == [3, 2]
        redis.stop()
        # counted from the start in this instance; no request fails, and one line says so
        assert [remaining() for _ in range(3)] == [3, 2, 1]
        assert remaining() == 0
        assert error_of(predict(), 429)["code"] == "rate_limited"
        redis.start()
        time.sleep(0.3)
        assert [remaining(), remaining()] == [3, 2]  # a new Redis, which kept nothing
    lines = [record.getMessage() for record in caplog.records if "Redis" in record.getMessage()]
    assert len(lines) == 2
    assert lines[0].startswith("Redis does not answer (ConnectionError)")
    assert lines[1] == "Redis answers again: rate limits are shared again."
    assert redis.password not in caplog.text


def test_a_redis_that_hangs_delays_one_request_only(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"

        async def scenario(limiter):
            seconds = []
            for _ in range(4):
                start = time.perf_counter()
                await limiter.admit(CALLER)
                seconds.append(time.perf_counter() - start)
            return seconds

        first, *others = with_instances(1, url, scenario)
    assert first == pytest.approx(REDIS_SECONDS, abs=0.3)
    assert max(others) < 0.1


def test_a_redis_that_is_down_at_the_start(tmp_path, caplog):
    url = f"redis://:secret@127.0.0.1:{free_port()}"
    with running(Settings(runners="fake", rate_limit="1/minute", redis_url=url)) as client:
        statuses = [client.get("/metrics").status_code for _ in range(3)]
    assert statuses == [200, 429, 429]
    assert caplog.text.count("Redis does not answer") == 1
    assert "secret" not in caplog.text
