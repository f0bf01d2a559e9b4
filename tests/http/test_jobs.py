"""Jobs with fake models: their life, their owners, what is refused."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from runners.cancellation import stop_if_cancelled
from runners.fakes import FakeTranscriber
from samo.access.keys import KeyFile, new_key
from samo.jobs.job import Instance, JobId
from samo.limits import MAX_AUDIO_BYTES
from samo.settings import Settings
from tests.conftest import running
from tests.recordings import pcm, wav
from tests.unit.test_job_callbacks import Receiver

JOBS = "/v1/jobs"


def keys(*names, scopes=("jobs",)):
    made = [new_key(name, scopes) for name in names]
    headers = {stored.name: {"authorization": f"Bearer {key}"} for key, stored in made}
    return KeyFile(keys=tuple(stored for _, stored in made)).to_json(), headers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("jobs")


@pytest.fixture(scope="module")
def service(folder):
    settings = Settings(runners="fake", jobs_folder=folder, max_job_seconds=600, max_jobs=3)
    with running(settings) as client:
        yield client


def submit(client, data, headers=None, **fields):
    return client.post(JOBS, files={"audio_file": ("a", data)}, data=fields, headers=headers)


def finished(client, job_id, headers=None):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        job = client.get(f"{JOBS}/{job_id}", headers=headers).json()
        if job["state"] not in ("queued", "running"):
            return job
        time.sleep(0.05)
    pytest.fail(f"the job is {job}")


class Gate:
    """Holds the transcriber until it is opened; knows what it has begun and stopped."""

    def __init__(self, monkeypatch):
        self.opened, self.begun, self.stopped = (threading.Event() for _ in range(3))
        predict = FakeTranscriber.predict

        def gated(transcriber, batch):
            self.begun.set()
            try:
                while not self.opened.wait(0.01):
                    stop_if_cancelled()
            except BaseException:
                self.stopped.set()
                raise
            return predict(transcriber, batch)

        monkeypatch.setattr(FakeTranscriber, "predict", gated)


@pytest.fixture
def gate(monkeypatch):
    gate = Gate(monkeypatch)
    yield gate
    gate.opened.set()


def test_an_insight(service, recording):
    response = submit(service, recording)
    assert response.status_code == 202
    job = response.json()
    assert (job["state"], job["kind"], job["kept_in"]) == ("queued", "insight", "memory")
    done = finished(service, job["id"])
    assert done["state"] == "done"
    assert done["progress"] == {"step": "finished", "seconds_done": 11.0, "seconds_total": 11.0}
    assert 3590 < done["expires_at"] - done["finished_at"] < 3610
    result = service.get(f"{JOBS}/{job['id']}/result").json()
    direct = service.post("/analyze/voice-journal", files={"audio_file": recording}).json()
    for varying in ("timings_ms", "processing_time_ms"):
        del result[varying], direct[varying]
    assert result == direct


def test_a_transcription_with_words(service, recording):
    job = submit(service, recording, result="transcription", timestamp="true", language="de").json()
    assert finished(service, job["id"])["state"] == "done"
    result = service.get(f"{JOBS}/{job['id']}/result").json()
    direct = service.post(
        "/transcribe/voice",
        files={"audio_file": recording}, data={"timestamp": "true", "language": "de"},
    ).json()  # fmt: skip
    assert result == direct


def test_a_recording_longer_than_a_request_takes(service, speech_of_minutes):
    job = submit(service, speech_of_minutes, result="transcription").json()
    done = finished(service, job["id"])
    assert done["state"] == "done", done
    assert done["progress"]["seconds_done"] == done["progress"]["seconds_total"] > 300
    result = service.get(f"{JOBS}/{job['id']}/result").json()
    assert result["duration"] == done["progress"]["seconds_total"]
    times = [segment["start"] for segment in result["segments"]]
    assert len(times) > 10
    assert times == sorted(times)


@pytest.fixture(scope="module")
def speech_of_minutes(recording):
    from samo.audio import decode

    samples = (decode(recording).samples * 32767).astype("<i2")
    return wav(np.tile(np.concatenate([samples, np.zeros(16_000, "<i2")]), 27))


def test_progress_is_streamed_to_the_end(service, recording, gate):
    job = submit(service, recording).json()
    gate.opened.set()
    with service.stream("GET", f"{JOBS}/{job['id']}?stream=true") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line.startswith("data: ")]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert {event["type"] for event in events} == {"job"}
    assert events[-1]["state"] == "done"
    assert events[-1]["id"] == job["id"]


def test_deleting_cancels_the_computing(service, recording, gate):
    job = submit(service, recording).json()
    assert gate.begun.wait(20)
    response = service.delete(f"{JOBS}/{job['id']}")
    assert (response.status_code, response.json()["state"]) == (200, "cancelled")
    assert gate.stopped.wait(5)
    assert service.get(f"{JOBS}/{job['id']}").json()["state"] == "cancelled"
    refused = service.get(f"{JOBS}/{job['id']}/result")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "job_not_done")
    assert "was cancelled: it has no result" in refused.json()["error"]["message"]
    gate.opened.set()
    after = submit(service, recording).json()
    assert finished(service, after["id"])["state"] == "done"


def test_deleting_an_ended_job_deletes_its_result(service, recording):
    job = submit(service, recording).json()
    finished(service, job["id"])
    assert service.delete(f"{JOBS}/{job['id']}").json()["state"] == "done"
    for path in ("", "/result"):
        gone = service.get(f"{JOBS}/{job['id']}{path}")
        assert (gone.status_code, gone.json()["error"]["code"]) == (410, "job_gone")
        assert "deleted by DELETE" in gone.json()["error"]["message"]


def test_a_recording_that_cannot_be_decoded_fails(service):
    job = submit(service, b"RIFF\0\0\0\0WAVEfmt " + bytes(100)).json()
    failed = finished(service, job["id"])
    assert failed["state"] == "failed"
    assert failed["error"]["code"] == "undecodable_audio"


def test_a_recording_that_is_too_long_fails(service):
    job = submit(service, wav(pcm(602))).json()
    failed = finished(service, job["id"])
    assert failed["error"]["code"] == "audio_too_long"
    assert "600 s" in failed["error"]["message"]


def test_silence_has_no_speech(service):
    job = submit(service, wav(np.zeros(40 * 16_000, "<i2")), result="transcription").json()
    assert finished(service, job["id"])["state"] == "done"
    result = service.get(f"{JOBS}/{job['id']}/result").json()
    assert (result["text"], result["no_speech"], result["duration"]) == ("", True, 40.0)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"result": "summary"}, "result"),
        ({"timestamp": "true"}, "timestamp"),
        ({"task": "translate"}, "task"),
        ({"result": "transcription", "generate_summary": "false"}, "generate_summary"),
        ({"result": "transcription", "emotion_threshold": "0.5"}, "emotion_threshold"),
        ({"emotion_threshold": "2"}, "emotion_threshold"),
        ({"language": "klingon"}, "language"),
        ({"callback_url": "https://example.com/"}, "callback_url"),
        ({"priority": "high"}, None),
    ],
)
def test_options_that_cannot_be_honoured_are_refused(service, recording, fields, named):
    refused = submit(service, recording, **fields)
    assert refused.status_code == 422
    assert refused.json()["error"]["param"] == named


def test_a_job_needs_a_recording(service):
    assert service.post(JOBS).status_code == 422
    assert service.post(JOBS, json={}).status_code == 415
    empty = submit(service, b"")
    assert (empty.status_code, empty.json()["error"]["code"]) == (415, "unsupported_audio")
    assert "The upload is empty" in empty.json()["error"]["message"]


@pytest.mark.parametrize("job_id", ["x", "job_", "job_%00", "job_" + "A" * 43, "job_é"])
def test_an_unknown_id_is_not_found(service, job_id):
    response = service.get(f"{JOBS}/{job_id}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "job_not_found")
    assert service.delete(f"{JOBS}/{job_id}").status_code == 404


def test_a_job_of_another_process_is_lost(service):
    lost = JobId.new("", Instance().id).text
    job = service.get(f"{JOBS}/{lost}").json()
    assert (job["state"], job["kind"], job["error"]["code"]) == ("lost", None, "job_lost")
    refused = service.get(f"{JOBS}/{lost}/result")
    assert refused.status_code == 409
    assert "is lost: it has no result" in refused.json()["error"]["message"]


def test_too_many_jobs_are_refused_before_the_upload(service, recording, gate):
    jobs = [submit(service, recording).json()["id"] for _ in range(3)]
    refused = submit(service, recording)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
    assert int(refused.headers["retry-after"]) > 0
    for job in jobs:
        assert service.delete(f"{JOBS}/{job}").json()["state"] == "cancelled"
    gate.opened.set()
    assert finished(service, submit(service, recording).json()["id"])["state"] == "done"


def test_files_have_no_name(service, folder, recording, gate):
    before = open_files(folder)
    large = wav(pcm(300, rate=48_000), rate=48_000)
    assert len(large) > MAX_AUDIO_BYTES
    job = submit(service, large).json()
    assert gate.begun.wait(20)
    assert [*folder.iterdir()] == []
    assert open_files(folder)
    assert all(name.endswith(" (deleted)") for name in open_files(folder))
    service.delete(f"{JOBS}/{job['id']}")
    deadline = time.monotonic() + 5
    while open_files(folder) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (before, open_files(folder)) == ([], [])


def open_files(folder):
    """Names that this process's open files in `folder` had."""
    names = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            names.append(str(descriptor.readlink()))
    return [name for name in names if name.startswith(f"{folder}/")]


def test_results_expire(recording):
    with running(Settings(runners="fake", job_result_seconds=0.2)) as client:
        job = submit(client, recording).json()
        with client.stream("GET", f"{JOBS}/{job['id']}?stream=true") as response:
            assert '"state":"done"' in [*response.iter_lines()][-2]
        time.sleep(0.3)
        gone = client.get(f"{JOBS}/{job['id']}")
        assert gone.status_code == 410
        assert "kept for 0.2 s" in gone.json()["error"]["message"]


def test_jobs_belong_to_their_key(recording, gate):
    file, headers = keys("phone", "laptop")
    with running(Settings(runners="fake", api_keys=file, max_jobs_per_key=2)) as client:
        phone, laptop = headers["phone"], headers["laptop"]
        job = submit(client, recording, phone).json()
        assert client.get(f"{JOBS}/{job['id']}", headers=laptop).status_code == 404
        assert client.delete(f"{JOBS}/{job['id']}", headers=laptop).status_code == 404
        assert client.get(f"{JOBS}/{job['id']}/result", headers=laptop).status_code == 404
        assert client.get(f"{JOBS}/{job['id']}").status_code == 401
        submit(client, recording, phone)
        refused = submit(client, recording, phone)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limited")
        assert submit(client, recording, laptop).status_code == 202
        gate.opened.set()
        assert finished(client, job["id"], phone)["state"] == "done"


def test_the_scope_is_jobs(recording):
    file, headers = keys("reader", scopes=("speech", "text"))
    with running(Settings(runners="fake", api_keys=file)) as client:
        assert submit(client, recording, headers["reader"]).status_code == 403


def test_a_body_above_the_limit_is_refused(recording):
    with running(Settings(runners="fake", max_job_bytes=1024 * 1024)) as client:
        refused = submit(client, bytes(1_200_000))
        assert refused.status_code == 413
        assert "1048576 bytes" in refused.json()["error"]["message"]
        assert submit(client, recording).status_code == 202


def test_the_end_is_told_to_the_callback(recording):
    secret = "whsec_c2VjcmV0LW9mLXRoZS10ZXN0cw=="
    settings = Settings(runners="fake", callback_secret=secret, callback_hosts=["localhost"])
    receiver = Receiver(204)
    with running(settings) as client:
        refused = submit(client, recording, callback_url=f"http://127.0.0.1:{receiver.port}/")
        assert (refused.status_code, refused.json()["error"]["param"]) == (422, "callback_url")
        private = submit(client, recording, callback_url="https://127.0.0.1/")
        assert "not public" in private.json()["error"]["message"]
        url = f"http://localhost:{receiver.port}/done"
        job = submit(client, recording, callback_url=url).json()
        finished(client, job["id"])
        deadline = time.monotonic() + 10
        while client.get(f"{JOBS}/{job['id']}").json()["callback"] != "delivered":
            assert time.monotonic() < deadline
            time.sleep(0.05)
    receiver.close()
    ((_, headers, body),) = receiver.requests
    assert json.loads(body)["data"]["id"] == headers["webhook-id"] == job["id"]
    assert "joy" not in body.decode()
