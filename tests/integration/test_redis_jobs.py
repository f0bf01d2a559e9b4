"""Jobs that instances share in a real Redis: seen, cancelled and lost by others."""

from __future__ import annotations

import threading
import time

import pytest

from runners.cancellation import stop_if_cancelled
from runners.fakes import FakeTranscriber
from samo.jobs import redis_store, runner
from samo.settings import Settings
from tests.conftest import running
from tests.http.test_jobs import JOBS, finished, submit
from tests.integration.test_redis_limits import SERVER, redis

__all__ = ["redis"]  # the fixture

pytestmark = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")


@pytest.fixture
def held(monkeypatch):
    """Holds the transcriber; the event says that a job was cancelled."""
    stopped = threading.Event()

    def predict(transcriber, batch):
        del transcriber, batch
        try:
            while True:
                time.sleep(0.01)
                stop_if_cancelled()
        finally:
            stopped.set()

    monkeypatch.setattr(FakeTranscriber, "predict", predict)
    monkeypatch.setattr(redis_store, "LOST_SECONDS", 1)
    monkeypatch.setattr(runner, "BEAT_SECONDS", 0.2)
    return stopped


def instance(redis):
    return running(Settings(runners="fake", redis_url=redis.url))


def test_another_instance_has_the_state_and_the_result(redis, recording):
    with instance(redis) as first, instance(redis) as second:
        job = submit(first, recording).json()
        assert job["kept_in"] == "redis"
        done = finished(second, job["id"])
        assert done["state"] == "done"
        path = f"{JOBS}/{job['id']}/result"
        assert second.get(path).json() == first.get(path).json()
        assert second.delete(f"{JOBS}/{job['id']}").status_code == 200
        assert [client.get(f"{JOBS}/{job['id']}").status_code for client in (first, second)] == [
            410, 410,
        ]  # fmt: skip
        gone = first.get(f"{JOBS}/{job['id']}").json()["error"]["message"]
        assert "deleted by DELETE" in gone


def test_another_instance_cancels(redis, recording, held):
    with instance(redis) as first, instance(redis) as second:
        job = submit(first, recording).json()
        deadline = time.monotonic() + 10
        while second.get(f"{JOBS}/{job['id']}").json()["progress"]["step"] != "transcribing":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second.delete(f"{JOBS}/{job['id']}")
        assert held.wait(10)
        assert finished(second, job["id"])["state"] == "cancelled"


def test_the_jobs_of_a_dead_instance_are_lost_and_those_done_are_kept(redis, recording, held):
    with instance(redis) as survivor:
        with instance(redis) as dying:
            job = submit(dying, recording).json()
            time.sleep(0.3)
            assert survivor.get(f"{JOBS}/{job['id']}").json()["state"] in ("queued", "running")
        lost = finished(survivor, job["id"])
        assert (lost["state"], lost["error"]["code"]) == ("lost", "job_lost")


def test_a_result_survives_its_instance(redis, recording):
    with instance(redis) as first:
        job = submit(first, recording, result="transcription").json()
        assert finished(first, job["id"])["state"] == "done"
    with instance(redis) as second:
        assert second.get(f"{JOBS}/{job['id']}/result").json()["text"].startswith("I felt joy")


def test_jobs_go_on_without_redis(redis, recording, caplog):
    with instance(redis) as client:
        redis.stop()
        job = submit(client, recording).json()
        assert finished(client, job["id"])["state"] == "done"
        assert client.get(f"{JOBS}/{job['id']}/result").status_code == 200
        with instance(redis) as other:
            unknown = other.get(f"{JOBS}/{job['id']}")
            assert (unknown.status_code, unknown.json()["error"]["code"]) == (503, "overloaded")
        assert redis.password not in caplog.text
