"""Services and databases of feedback, for its tests."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import text

from samo.feedback.database import open_engine, reading
from samo.feedback.records import Answer, AnswerId
from samo.settings import Settings
from tests.conftest import running

NOW = datetime.now(UTC)
TEXT = "Ich war glücklich, 我哭了 \u202e\ud83d\ude00".encode("utf-16", "surrogatepass").decode(
    "utf-16"
)


@contextmanager
def engine_of(url, seconds=5.0):
    engine = open_engine(url, seconds)
    try:
        yield engine
    finally:
        engine.dispose()


def service(url, **settings):
    return running(Settings(runners="fake", feedback_url=url, **settings))


def answered(client, headers=None, **body):
    """The request id of a prediction."""
    response = client.post("/predict", json={"text": "I am glad", **body}, headers=headers)
    assert response.status_code == 200, response.text
    return response.headers["x-request-id"]


def send(client, request_id, headers=None, **said):
    return client.post("/feedback", json={"request_id": request_id, **said}, headers=headers)


def answer(number=0, at=NOW, key="phone"):
    return Answer(
        AnswerId(key, f"request-{number}", 0), at, "/predict", "fake", "a", None, ["joy"], []
    )


def rows(engine, table):
    with reading(engine) as connection:
        return connection.scalar(text(f"SELECT count(*) FROM {table}"))


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
