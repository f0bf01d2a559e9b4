"""Feedback when the service is killed, when the disk is full, and with hostile requests."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, select
from sqlalchemy.pool import NullPool

from samo import limits
from samo.feedback.records import Answer, AnswerId
from samo.feedback.service import Feedback
from samo.feedback.tables import feedback
from samo.feedback.waiting import MAX_WAITING
from samo.monitoring.metrics import registry
from samo.settings import Settings
from tests.conftest import running
from tests.e2e.conftest import serving
from tests.faults.conftest import eventually
from tests.http.errors import error_of
from tests.postgres import PROGRAMS, running_postgres

WRITES = 1000


@contextmanager
def database(kind, folder):
    """The URL of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/feedback.db"
        return
    if PROGRAMS is None:
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server.url("postgres")


def stored_users(url):
    engine = create_engine(url.replace("postgresql:", "postgresql+pg8000:"), poolclass=NullPool)
    with engine.connect() as connection:
        return {*connection.scalars(select(feedback.c.user))}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_killed_service_has_stored_all_that_it_answered(kind, tmp_path):
    with database(kind, tmp_path) as url:
        environment = {"SAMO_RUNNERS": "fake", "SAMO_FEEDBACK_URL": url}
        with serving(tmp_path / "log", **environment) as client:
            request_id = client.post("/predict", json={"text": "glad"}).headers["x-request-id"]
            answered: set[str] = set()
            half = threading.Event()

            def send(number):
                user = f"user-{number}"
                body = {"request_id": request_id, "labels": ["joy"], "user": user}
                try:
                    response = client.post("/feedback", json=body)
                    while response.status_code == 503:  # the machine is busy
                        time.sleep(float(response.headers["retry-after"]))
                        response = client.post("/feedback", json=body)
                except httpx.TransportError:
                    return  # killed
                assert response.status_code == 201, response.text
                answered.add(user)
                if len(answered) >= WRITES // 2:
                    half.set()

            with ThreadPoolExecutor(8) as threads:
                sent = threads.map(send, range(WRITES))
                assert half.wait(120)
                os.kill(client.process.pid, signal.SIGKILL)
                for _ in sent:  # raises what a thread has raised
                    pass
            assert WRITES // 2 <= len(answered) < WRITES
        assert answered <= stored_users(url)


@contextmanager
def small_disk(folder):
    """A file system of 600 kB; the function that is yielded makes it larger."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        yield lambda: subprocess.run(
            ["mount", "-o", "remount,size=8m", str(folder)], check=True, timeout=20
        )
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=20)


def database_errors() -> float:
    value = registry.get_sample_value("samo_feedback_database_errors_total")
    assert value is not None
    return value


def test_a_full_disk_refuses_feedback_and_nothing_else(tmp_path):
    settings = Settings(runners="fake", feedback_url=f"sqlite:///{tmp_path}/feedback.db")
    with small_disk(tmp_path) as enlarge, running(settings) as client:
        request_id = client.post("/predict", json={"text": "glad"}).headers["x-request-id"]

        def send(number):
            body = {"request_id": request_id, "labels": ["joy"], "consent": True}
            return client.post("/feedback", json={**body, "text": f"{number} " + 9000 * "é"})

        errors = database_errors()
        responses = [send(number) for number in range(60)]
        stored = [one for one in responses if one.status_code == 201]
        refused = next(one for one in responses if one.status_code != 201)
        assert stored
        assert "is full" in error_of(refused, 503)["message"]
        assert int(refused.headers["retry-after"]) > 0
        assert database_errors() > errors
        assert client.post("/predict", json={"text": "glad"}).status_code == 200
        enlarge()
        eventually(lambda: send(1000).status_code == 201)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('feedback')}/feedback.db"
    with running(Settings(runners="fake", feedback_url=url)) as client:
        yield client


@pytest.fixture(scope="module")
def request_id(client):
    response = client.post("/predict", json={"text": "glad"})
    return response.headers["x-request-id"]


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("said", "status", "message"),
    [
        ({"labels": ["joy"], "text": "a"}, 422, "text: It is stored only if the person agrees"),
        ({"labels": ["joy"], "text": "a", "consent": False}, 422, "text:"),
        ({"transcript": "a"}, 422, "transcript: It is stored only if"),
        ({"transcript": "a", "consent": True}, 422, "That response has no transcript"),
        ({"summary_rating": 4}, 422, "That response has no summary"),
        ({"summary_rating": 6}, 422, "summary_rating: Must be at most 5"),
        ({"labels": ["joy"], "consent": "yes"}, 422, "consent: Must be true or false"),
        ({}, 422, "Send at least one of"),
        ({"labels": []}, 422, "labels: Send at least 1 item"),
        ({"labels": ["joy"] * 65}, 422, "labels: Send at most 64"),
        ({"labels": ["joy", {"x": 1}]}, 422, "labels.1: Must be a string"),
        ({"labels": ["joy", "xyzzy"]}, 422, "labels.1: The emotion model has no such name"),
        ({"moods": ["xyzzy"]}, 422, "moods.0: The emotion model has no such name"),
        ({"labels": ["joy"], "text": "a\0b", "consent": True}, 422, "Remove the NUL characters"),
        ({"labels": ["joy"], "text": "x" * 20_001, "consent": True}, 422, "at most 20000"),
        ({"labels": ["joy"], "user": "a\0b"}, 422, "user: Send 1 to 128 letters"),
        ({"labels": ["joy"], "user": "../x"}, 422, "user:"),
        ({"labels": ["joy"], "user": "u" * 129}, 422, "user:"),
        ({"labels": ["joy"], "request_id": "' OR 1=1 --"}, 422, "request_id: Send the X-"),
        ({"labels": ["joy"], "item": 128}, 422, "item: Must be at most"),
        ({"labels": ["joy"], "item": 127}, 404, "no prediction for item 127 of this request id"),
        ({"labels": ["joy"], "rating": 5}, 422, "(unknown field)"),
        ({"labels": ["joy"], "text": "x" * 2 * limits.MAX_JSON_BYTES}, 413, "too large"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_name(client, request_id, said, status, message):
    response = client.post("/feedback", json={"request_id": request_id, **said})
    error = error_of(response, status)
    assert message in error["message"]
    assert "xyzzy" not in response.text


def test_the_names_that_are_valid_are_listed(client, request_id):
    response = client.post("/feedback", json={"request_id": request_id, "labels": ["x"]})
    (problem,) = error_of(response, 422)["details"]["errors"]
    assert "joy" in problem["valid"]
    assert len(problem["valid"]) == 28


@pytest.mark.parametrize(
    "body", [f'{{"request_id": "a", "labels": {DEEP}}}', '{"request_id": "\\ud83d"}', "nojson"]
)
def test_bodies_that_are_no_json_of_ours(client, body):
    headers = {"content-type": "application/json"}
    assert error_of(client.post("/feedback", content=body, headers=headers), 400)


@pytest.mark.parametrize("path", ["/feedback/a%00b", "/feedback/%F0%9F%98%80", "/feedback/-x"])
def test_users_that_cannot_be(client, path):
    assert "letter or digit" in error_of(client.get(path), 422)["message"]
    assert "letter or digit" in error_of(client.delete(path), 422)["message"]


def test_pages_that_cannot_be(client):
    assert client.get("/feedback/u?after=%00").json() == {"feedback": [], "next": None}
    error_of(client.get("/feedback/u?limit=1001"), 422)


def test_the_longest_text_is_stored_as_it_is(client, request_id):
    text = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u0301" * 3333 + "e\u0301"
    body = {"request_id": request_id, "labels": ["joy"], "text": text[:20_000], "user": "long"}
    assert client.post("/feedback", json={**body, "consent": True}).status_code == 201
    (stored,) = client.get("/feedback/long").json()["feedback"]
    assert stored["text"] == text[:20_000]


@pytest.fixture
def without_feedback():
    with running(Settings(runners="fake")) as client:
        yield client


def test_feedback_that_is_off_names_the_setting(without_feedback):
    for response in (
        without_feedback.post("/feedback", json={"request_id": "a", "labels": ["joy"]}),
        without_feedback.get("/feedback/u"),
        without_feedback.delete("/feedback/u"),
    ):
        error = error_of(response, 409)
        assert error["code"] == "feedback_off"
        assert "SAMO_FEEDBACK_URL" in error["message"]
    assert without_feedback.get("/health").json()["feedback"] == "off"


def test_the_oldest_answers_are_dropped_and_counted(tmp_path):
    service = Feedback(Settings(feedback_url=SecretStr(f"sqlite:///{tmp_path}/feedback.db")))

    def dropped():
        return registry.get_sample_value("samo_answers_dropped_total") or 0.0

    before = dropped()
    at = datetime.now(UTC)
    service.record(
        Answer(AnswerId("", str(number), 0), at, "/predict", "fake", "a", None, ["joy"], [])
        for number in range(MAX_WAITING + 3)
    )
    assert dropped() == before + 3
    service.close()
    assert (
        dropped() == before + 3 + MAX_WAITING
    )  # it was never started, so nothing could be written
