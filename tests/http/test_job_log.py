"""The log line of a job that has ended: as text, as JSON, and what it never contains."""

from __future__ import annotations

import json
import time

import pytest

from samo.jobs import callback
from samo.monitoring import metrics
from samo.settings import Settings
from tests import log_lines
from tests.conftest import running
from tests.http.test_jobs import JOBS, finished, gate, keys, submit
from tests.recordings import pcm, wav
from tests.unit.test_job_callbacks import SECRET, Receiver

__all__ = ["gate"]  # a fixture


@pytest.fixture
def lines():
    """The lines of jobs, each as text and as JSON."""
    with log_lines.collected("bentoml.samo.jobs") as found:
        yield found


def test_a_job_that_is_done_has_a_line(lines, recording):
    file, headers = keys("phone")
    with running(Settings(runners="fake", api_keys=file)) as client:
        sent = {**headers["phone"], "x-request-id": "id-1"}
        job = submit(client, recording, sent).json()
        finished(client, job["id"], sent)
    ((text, line),) = lines
    assert text.startswith("job insight done, ")
    assert text.endswith(" s, 11.0 s of audio, key phone, id-1")
    assert 0 <= line.pop("seconds") < 30
    assert line.pop("time")
    assert line == {
        "severity": "INFO",
        "logger": "bentoml.samo.jobs",
        "message": "job insight done",
        "id": "id-1",
        "key": "phone",
        "kind": "insight",
        "state": "done",
        "code": None,
        "degraded": [],
        "audio_seconds": 11.0,
    }
    assert job["id"] not in text + json.dumps(line)


def test_a_failed_job_counts_as_an_error(lines):
    counter = metrics.errors.labels("audio_too_long")
    before = counter._value.get()
    with running(Settings(runners="fake", max_job_seconds=2)) as client:
        finished(client, submit(client, wav(pcm(5))).json()["id"])
    ((text, line),) = lines
    assert text.startswith("job insight failed, audio_too_long, ")
    assert (line["severity"], line["code"], line["key"]) == ("INFO", "audio_too_long", None)
    assert counter._value.get() == before + 1


def test_cancelled_and_lost_jobs_have_lines(lines, recording, gate):
    with running(Settings(runners="fake")) as client:
        job = submit(client, recording).json()
        assert gate.begun.wait(20)
        client.delete(f"{JOBS}/{job['id']}")
        submit(client, recording)
    assert [(line["state"], line["severity"], line["code"]) for _, line in lines] == [
        ("cancelled", "INFO", None),
        ("lost", "WARNING", "job_lost"),
    ]


def test_a_failed_callback_is_logged_without_its_url(lines, recording, monkeypatch):
    monkeypatch.setattr(callback, "RETRY_SECONDS", (0.0,))
    receiver = Receiver(500)
    settings = Settings(runners="fake", callback_secret=SECRET, callback_hosts=["localhost"])
    with running(settings) as client:
        url = f"http://localhost:{receiver.port}/private?token=hidden"
        job = submit(client, recording, callback_url=url).json()
        deadline = time.monotonic() + 10
        while client.get(f"{JOBS}/{job['id']}").json()["callback"] != "failed":
            assert time.monotonic() < deadline
            time.sleep(0.05)
    receiver.close()
    texts = [text for text, _ in lines]
    assert texts[-1].startswith("the callback of a job was given up, ")
    assert not any(word in text for text in texts for word in ("private", "hidden", job["id"]))
