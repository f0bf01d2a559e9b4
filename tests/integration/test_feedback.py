"""Feedback of a running service, in a SQLite file and in a real PostgreSQL."""

from __future__ import annotations

import gc
import logging
import socket
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from samo.access.keys import KeyFile, new_key
from samo.feedback import migration, store, writer
from samo.feedback.records import Submission
from samo.feedback.tables import feedback
from tests.http.errors import error_of
from tests.integration.feedback import (
    NOW,
    TEXT,
    answer,
    answered,
    engine_of,
    rows,
    send,
    service,
    wait_for,
)

HEAD = migration.head()


def test_feedback_from_the_prediction_to_its_erasure(url, engine):
    pairs = [new_key("phone", ["text", "feedback"]), new_key("other", ["text", "feedback"])]
    content = KeyFile(keys=tuple(stored for _, stored in pairs)).to_json()
    phone, other = ({"x-api-key": key} for key, _ in pairs)
    with service(url, api_keys=content) as client:
        # found at once, although the prediction is written later
        request_id = answered(client, phone)
        said = {"labels": ["Joy", "joy"], "moods": ["happy"], "user": "u-1"}
        first = send(client, request_id, phone, **said, text=TEXT, consent=True)
        assert first.status_code == 201, first.text

        # repeated: nothing new; a changed mind replaces it; another text is another feedback
        again = send(
            client, request_id, phone, **{**said, "labels": ["grief"]}, text=TEXT, consent=True
        )
        assert again.json()["id"] == first.json()["id"]
        assert send(client, request_id, phone, **said).json()["id"] != first.json()["id"]
        assert send(client, request_id, phone, labels=["joy"]).status_code == 201  # nobody's

        batch = client.post(
            "/predict_batch", json={"texts": ["glad", " ", "sad"]}, headers=phone
        ).headers["x-request-id"]
        assert send(client, batch, phone, item=2, labels=["sadness"], user="u-1").status_code == 201
        error = error_of(send(client, batch, phone, item=1, labels=["joy"]), 404)  # it was refused
        assert error["code"] == "answer_not_found"
        assert "no prediction for item 1 of this request id" in error["message"]
        entry = client.post("/analyze/journal", json={"text": "I am glad. " * 500}, headers=phone)
        entry_id = entry.headers["x-request-id"]
        assert send(client, entry_id, phone, summary_rating="5", user="u-1").status_code == 201

        # a request id belongs to its key, also if both choose the same
        error_of(send(client, request_id, other, labels=["joy"]), 404)
        same = {**other, "x-request-id": request_id}
        assert answered(client, same) == request_id
        assert send(client, request_id, other, labels=["fear"], user="u-1").status_code == 201

        pages = client.get("/feedback/u-1?limit=2", headers=phone).json()
        rest = client.get(f"/feedback/u-1?after={pages['next']}&limit=2", headers=phone).json()
        assert rest["next"] is None
        exported = {one["id"]: one for one in pages["feedback"] + rest["feedback"]}
        assert len(exported) == 4
        mine = exported[first.json()["id"]]
        assert (mine["text"], mine["labels"], mine["moods"]) == (TEXT, ["grief"], ["happy"])
        predicted = mine["predicted"]
        assert (predicted["route"], predicted["model"], predicted["variant"]) == (
            "/predict", "fake", "a",
        )  # fmt: skip
        assert predicted["labels"]
        assert predicted["moods"] is not None

        assert client.delete("/feedback/u-1", headers=phone).json() == {"erased": 4}
        assert client.get("/feedback/u-1", headers=phone).json()["feedback"] == []
        assert len(client.get("/feedback/u-1", headers=other).json()["feedback"]) == 1
        assert rows(engine, "samo_feedback") == 2
        # the prediction that somebody else's feedback is about stays
        assert send(client, request_id, phone, labels=["joy"]).status_code == 201


def test_another_instance_finds_the_prediction(url):
    with service(url) as first, service(url) as second:
        request_id = answered(first)
        assert send(second, request_id, labels=["joy"]).status_code == 201


def test_the_service_goes_on_with_tables_of_a_newer_version(url, engine, caplog):
    with engine.begin() as connection:
        connection.execute(text("UPDATE samo_feedback_revision SET version_num = '9999'"))
    with service(url) as client, caplog.at_level(logging.INFO):
        request_id = answered(client)
        refused = send(client, request_id, labels=["joy"])
        assert "newer version" in error_of(refused, 503)["message"]
        assert int(refused.headers["retry-after"]) > 0
        health, ready = client.get("/health").json(), client.get("/readyz")
        assert (health["status"], health["feedback"]) == ("degraded", "unavailable")
        assert (ready.status_code, ready.json()["feedback"]) == (200, "unavailable")

        with engine.begin() as connection:
            connection.execute(text(f"UPDATE samo_feedback_revision SET version_num = '{HEAD}'"))
        wait_for(lambda: client.get("/health").json()["feedback"] == "ready")
        assert send(client, request_id, labels=["joy"]).status_code == 201


# pg8000 leaves its socket to the garbage collector if the server resets a new connection
@pytest.mark.filterwarnings("ignore:.*[sS]ocket:pytest.PytestUnraisableExceptionWarning")
def test_postgresql_goes_away_and_comes_back(postgres):
    postgres.execute("CREATE DATABASE outage")
    with service(postgres.url("outage")) as client:
        before = answered(client)
        assert send(client, before, labels=["joy"]).status_code == 201
        postgres.stop()
        try:
            during = answered(client)
            refused = send(client, during, labels=["joy"])
            error = error_of(refused, 503)
            assert error["code"] == "feedback_unavailable"
            assert "does not answer" in error["message"]
            assert int(refused.headers["retry-after"]) > 0
            assert client.get("/health").json()["feedback"] == "unavailable"
            assert answered(client)
        finally:
            postgres.start()
        wait_for(lambda: client.get("/health").json()["feedback"] == "ready")
        assert send(client, during, labels=["joy"]).status_code == 201
    gc.collect()


def test_a_sqlite_file_that_is_removed_is_made_again(tmp_path):
    file = tmp_path / "feedback.db"
    with service(f"sqlite:///{file}") as client:
        assert send(client, answered(client), labels=["joy"]).status_code == 201
        assert file.stat().st_mode & 0o777 == 0o600
        for one in tmp_path.glob("feedback.db*"):
            one.unlink()
        request_id = answered(client)
        refused_or_stored = send(client, request_id, labels=["joy"]).status_code
        assert refused_or_stored in (201, 503)
        wait_for(lambda: send(client, request_id, labels=["joy"]).status_code == 201)
    with engine_of(f"sqlite:///{file}") as engine:
        assert rows(engine, "samo_feedback") == 1


def test_what_is_too_old_is_deleted(url, engine):
    week, year = timedelta(days=7), timedelta(days=365)
    old, kept, forgotten = (
        answer(1, NOW - 2 * week),
        answer(2, NOW - 2 * week),
        answer(3, NOW - year),
    )
    with engine.begin() as connection:
        store.save_answers(connection, [old, kept, forgotten, answer(4)])
        store.save_feedback(connection, Submission(kept.id, labels=["joy"]), NOW - week)
        store.save_feedback(connection, Submission(forgotten.id, labels=["joy"]), NOW - 2 * year)
    with service(url, answer_days=7, feedback_days=365) as client:
        wait_for(
            lambda: rows(engine, "samo_answers") == 2
        )  # kept with its feedback, and the new one
        assert rows(engine, "samo_feedback") == 1
        error = error_of(send(client, "request-2", labels=["joy"]), 404)
        assert error["details"] == {"kept_days": 7.0}


def test_deletion_is_repeated(url, engine, monkeypatch):
    monkeypatch.setattr(writer, "_DELETE_EVERY_SECONDS", 0.0)
    with service(url, feedback_days=1) as client:
        request_id = answered(client)
        assert send(client, request_id, labels=["joy"]).status_code == 201
        with engine.begin() as connection:
            connection.execute(update(feedback).values(at=NOW - timedelta(days=2)))
        answered(client)  # wakes the writer
        wait_for(lambda: rows(engine, "samo_feedback") == 0)


def test_what_was_erased_is_not_in_the_file(tmp_path):
    url = f"sqlite:///{tmp_path}/feedback.db"
    with service(url) as client:
        send(client, answered(client), labels=["joy"], text="xyzzy", consent=True, user="u")
        assert any(b"xyzzy" in file.read_bytes() for file in tmp_path.iterdir())
        assert client.delete("/feedback/u").json() == {"erased": 1}
        assert not any(b"xyzzy" in file.read_bytes() for file in tmp_path.iterdir())


# pg8000 leaves the socket of a failed attempt to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_prediction_does_not_wait_for_the_database(tmp_path):
    """The database takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("samo.feedback.service.REQUEST_SECONDS", 0.5)
            patch.setattr("samo.feedback.database._NETWORK_SECONDS", -4.5)
            with service(f"postgresql://u:p@127.0.0.1:{port}/x") as client:
                request_id = answered(client)
                error = error_of(send(client, request_id, labels=["joy"]), 503)
                assert "does not answer" in error["message"]
        gc.collect()
