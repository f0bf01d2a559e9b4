"""Instances that share their windows of drift in a real Redis, which goes away and comes back."""

from __future__ import annotations

import asyncio
import time

import pytest

from samo.drift import shared_panes
from samo.settings import Settings
from tests.conftest import running
from tests.drift import CLASSIFIER, MODEL, levels, monitor_of, texts, write
from tests.e2e.conftest import free_port
from tests.integration import test_redis_limits
from tests.integration.test_redis_limits import SERVER

pytestmark = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
redis = test_redis_limits.redis


@pytest.fixture
def reference(tmp_path):
    return write(tmp_path / "drift.json")


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Machines that run tests are busy."""
    monkeypatch.setattr(shared_panes, "REDIS_SECONDS", 10.0)


def with_instances(number, url, reference, scenario):
    """The result of `scenario`, which gets the monitors of so many instances."""
    settings = Settings(drift_reference=reference, redis_url=url, drift_window=200)

    async def run():
        monitors = [monitor_of(settings, MODEL) for _ in range(number)]
        try:
            return await scenario(*monitors)
        finally:
            for monitor in monitors:
                await monitor.close()

    return asyncio.run(run())


async def observe(monitor, new_texts):
    for text in new_texts:
        monitor.observe_text([text], CLASSIFIER.predict([text]))
    await monitor.drain()


def window(monitor):
    return monitor.report()["texts"].window


def alarms(monitor):
    return monitor.report()["texts"].alarm_seconds


def test_two_instances_have_one_window(redis, reference):
    async def scenario(first, second):
        for number in range(5):
            await observe(first, texts(20, seed=number))
            await observe(second, [text.upper() for text in texts(20, seed=10 + number)])
        await first.refresh()
        return window(first), window(second), {*alarms(first)}, {*alarms(second)}

    first, second, first_alarms, second_alarms = with_instances(2, redis.url, reference, scenario)
    assert first.count == second.count == 200
    # half of the texts of both are in capitals
    assert first.histograms["capitals"].tolist() == second.histograms["capitals"].tolist()
    assert first.histograms["capitals"].tolist() == [100, 100]
    assert first_alarms == second_alarms == {"capitals"}


def test_a_restart_keeps_the_window_and_the_begin_of_the_alarm(redis, reference):
    async def before(monitor):
        await observe(monitor, [text.upper() for text in texts(110)])  # the last 10 at the end
        return window(monitor).count

    async def after(monitor):
        await monitor.refresh()
        return window(monitor), alarms(monitor)

    assert with_instances(1, redis.url, reference, before) == 100
    time.sleep(1.1)
    kept, seconds = with_instances(1, redis.url, reference, after)
    assert kept.count == 110
    assert seconds["capitals"] > 1.0


def test_concurrent_instances_lose_nothing(redis, reference):
    async def scenario(*monitors):
        await asyncio.gather(*(observe(one, texts(40, seed=n)) for n, one in enumerate(monitors)))
        for one in monitors:
            await one.refresh()
        return [window(one).count for one in monitors]

    assert with_instances(4, redis.url, reference, scenario) == [160] * 4


def test_identical_panes_count_each(redis, reference):
    async def scenario(first, second):
        for _ in range(3):
            await observe(first, ["joy"] * 20)
        await second.refresh()
        await second.refresh()
        return window(first).count, window(second).count

    assert with_instances(2, redis.url, reference, scenario) == (60, 60)


def test_another_reference_has_a_window_of_its_own(redis, reference, tmp_path):
    async def scenario(monitor):
        await observe(monitor, texts(40))
        await monitor.refresh()
        return window(monitor).count

    other = write(tmp_path / "other.json", {"model.onnx": "ab" * 32})
    assert with_instances(1, redis.url, reference, scenario) == 40
    assert with_instances(1, redis.url, other, scenario) == 40


def test_redis_goes_away_and_comes_back(redis, reference, monkeypatch, caplog):
    monkeypatch.setattr(shared_panes, "RETRY_SECONDS", 0.2)
    settings = Settings(
        runners="fake", drift_reference=reference, drift_window=200, redis_url=redis.url
    )

    def report(client):
        return client.get("/monitoring/drift").json()

    def send(client, number, seed):
        response = client.post("/predict_batch", json={"texts": texts(number, seed=seed)})
        assert response.status_code == 200

    def reaches(client, count):
        deadline = time.monotonic() + 20
        while (found := report(client))["windows"]["texts"]["count"] != count:
            assert time.monotonic() < deadline, found["windows"]["texts"]["count"]
            time.sleep(0.05)
        return found

    async def count(monitor):
        await monitor.refresh()
        return window(monitor).count

    with running(settings) as client:
        send(client, 20, seed=1)
        assert reaches(client, 20)["shared"] is True
        redis.stop()
        send(client, 40, seed=2)  # it is served, and counted in this instance
        assert reaches(client, 60)["shared"] is False
        redis.start()
        time.sleep(0.3)
        found = reaches(client, 40)  # a new Redis, which gets what it missed
        assert found["shared"] is True
        send(client, 7, seed=3)
    # what belonged to no pane yet is shared when the service stops
    assert with_instances(1, redis.url, reference, count) == 47
    lines = [one.getMessage() for one in caplog.records if "Redis" in one.getMessage()]
    assert lines[0].startswith("Redis does not answer (ConnectionError): drift is measured in this")
    assert lines[-1] == "Redis answers again: drift is measured over all instances again."
    assert redis.password not in caplog.text


def test_a_redis_that_is_down_at_the_start(reference, caplog):
    url = f"redis://:secret@127.0.0.1:{free_port()}"

    async def scenario(monitor):
        await observe(monitor, texts(40))
        return window(monitor).count, monitor.is_shared

    assert with_instances(1, url, reference, scenario) == (40, False)
    assert "Redis does not answer" in caplog.text
    assert "secret" not in caplog.text


def test_damaged_panes_in_redis_are_left_out(redis, reference, caplog):
    import redis as library

    async def scenario(monitor):
        await observe(monitor, texts(20))
        client = library.Redis.from_url(redis.url)
        (key,) = client.keys("samo:drift:texts:*:panes")
        for value in (b"{", b'{"count": 1, "histograms": {}, "moments": {}}', b"\xff"):
            client.rpush(key, value)
        client.close()
        await observe(monitor, texts(20, seed=2))
        return window(monitor).count

    assert with_instances(1, redis.url, reference, scenario) == 40
    assert caplog.text.count("is damaged and is left out") == 3


def test_recordings_are_shared_too(redis, reference):
    async def scenario(first, second):
        for monitor in (first, second):
            for one in levels(20):
                monitor.observe_recording(one, "en")
            await monitor.drain()
        return second.report()["recordings"].window.count

    assert with_instances(2, redis.url, reference, scenario) == 40
