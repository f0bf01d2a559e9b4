"""Feedback in a SQLite file and in a real PostgreSQL."""

from __future__ import annotations

import gc
import json
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text, update

from samo import cli
from samo.access.keys import KeyFile, new_key
from samo.feedback import migration, store, writer
from samo.feedback.database import create_file, open_engine, reading
from samo.feedback.problems import UnusableDatabaseError, reason
from samo.feedback.records import Answer, AnswerId, Submission
from samo.feedback.tables import feedback, metadata
from samo.settings import Settings
from tests.conftest import running
from tests.http.errors import error_of
from tests.postgres import PROGRAMS, running_postgres

HEAD = migration.head()
NOW = datetime.now(UTC)
TEXT = "Ich war glücklich, 我哭了 \u202e\ud83d\ude00".encode("utf-16", "surrogatepass").decode(
    "utf-16"
)


@pytest.fixture(scope="module")
def postgres():
    if PROGRAMS is None:
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/feedback.db"
    server = request.getfixturevalue("postgres")
    name = f"test_{time.monotonic_ns()}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return server.url(name)


@contextmanager
def engine_of(url, seconds=5.0):
    engine = open_engine(url, seconds)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture
def engine(url):
    """Connections to a database with tables."""
    with engine_of(url) as engine:
        migration.ensure_tables(url, engine, migrate=True)
        yield engine


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


def test_instances_that_start_together_migrate_once(url):
    def start(_number):
        with engine_of(url) as engine:
            migration.ensure_tables(url, engine, migrate=True)
            return rows(engine, migration.VERSION_TABLE)

    with ThreadPoolExecutor(6) as threads:
        assert [*threads.map(start, range(6))] == [1] * 6


def test_the_migrations_make_the_tables_of_the_code(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": migration.VERSION_TABLE}
        )
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (["UPDATE samo_feedback_revision SET version_num = '9999'"], "newer version"),
        (["DELETE FROM samo_feedback_revision"], "have no revision"),
        (["DROP TABLE samo_feedback"], "removed or changed"),
        (["DROP TABLE samo_feedback", "DROP TABLE samo_answers",
          "DELETE FROM samo_feedback_revision"], None),
    ],
)  # fmt: skip
def test_tables_of_another_revision(url, engine, statements, message):
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    if message is None:
        migration.ensure_tables(url, engine, migrate=True)
        assert rows(engine, "samo_feedback") == 0
        return
    with pytest.raises(UnusableDatabaseError, match=message):
        migration.ensure_tables(url, engine, migrate=True)


def test_an_update_keeps_what_is_stored(url):
    with engine_of(url) as engine:
        create_file(engine)
        with engine.begin() as connection:
            migration.upgrade(connection, "0001")
            connection.execute(
                text(
                    "INSERT INTO samo_answers (key, request_id, item, at, route, model, variant) "
                    "VALUES ('phone', 'request-1', 0, '2026-01-01 00:00:00', '/predict', 'm', 'a')"
                )
            )
        with pytest.raises(UnusableDatabaseError, match="run `samo feedback migrate`"):
            migration.ensure_tables(url, engine, migrate=False)
        migration.ensure_tables(url, engine, migrate=True)
        with reading(engine) as connection:
            found = store.find_answer(connection, answer(1).id, datetime(2025, 1, 1, tzinfo=UTC))
    assert found is not None
    assert (found.model, found.labels) == ("m", None)


def test_a_migration_that_fails_changes_nothing(url, monkeypatch):
    def fail(_config, _revision):
        connection = _config.attributes["connection"]
        connection.execute(text("CREATE TABLE samo_answers (x INTEGER)"))
        connection.execute(text("SELECT nothing FROM nowhere"))

    monkeypatch.setattr("samo.feedback.migration.command.upgrade", fail)
    with engine_of(url) as engine:
        with pytest.raises(UnusableDatabaseError, match="nothing was changed"):
            migration.ensure_tables(url, engine, migrate=True)
        monkeypatch.undo()
        migration.ensure_tables(url, engine, migrate=True)
        assert rows(engine, "samo_answers") == 0


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


def test_errors_of_the_database_have_no_text_of_people(engine):
    stored = Submission(answer().id, labels=["joy"], text="xyzzy", consent=True)
    with pytest.raises(writer.DATABASE_ERRORS) as error, engine.begin() as connection:
        store.save_feedback(connection, stored, NOW)  # its answer is missing
    assert "xyzzy" not in str(error.value)
    assert "xyzzy" not in reason(error.value)


def test_the_command(url, engine, capsys, monkeypatch, tmp_path):
    with engine.begin() as connection:
        store.save_answers(connection, [answer(1), answer(2), answer(3, key="other")])
        for said in (
            Submission(answer(1).id, "u", True, ["joy"], ["happy"], text=TEXT),
            Submission(answer(2).id, "u", True, ["grief"], transcript="spoken"),
            Submission(answer(2).id, "v", False, ["joy"], summary_rating=2),
            Submission(answer(3, key="other").id, "u", True, ["joy"]),
        ):
            store.save_feedback(connection, said, NOW)
    monkeypatch.setenv("SAMO_FEEDBACK_URL", url)

    def run(*arguments):
        return cli.main(["feedback", *arguments]), capsys.readouterr()

    output = tmp_path / "feedback.jsonl"
    assert run("export", "--output", str(output))[0] == 0
    lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    created = NOW.isoformat()
    assert sorted(lines, key=len) == [
        {"text": "spoken", "labels": ["grief"], "source": "feedback", "created": created},
        {"text": TEXT, "labels": ["joy"], "moods": ["happy"], "source": "feedback",
         "created": created},
    ]  # fmt: skip
    assert output.stat().st_mode & 0o777 == 0o600

    figures = json.loads(run("stats", "--json")[1].out)
    assert (figures["feedback"], figures["users"], figures["training_texts"]) == (4, 3, 2)
    assert figures["models"] == [
        {"model": "fake", "variant": "a", "feedback": 4, "labelled": 4, "exactly_right": 0.75,
         "label_overlap": 0.75, "summary_ratings": 1, "mean_summary_rating": 2.0}
    ]  # fmt: skip

    status, (out, err) = run("erase", "u")
    assert (status, out) == (3, "")
    assert "other, phone" in err
    assert run("erase", "u", "--key", "phone")[1].out == "2\n"
    assert run("erase", "v")[1].out == "1\n"
    for arguments, said in (
        (("u", "--key", "phone"), "no feedback of this user with that key. There is with: other."),
        (("nobody",), "Nothing was erased: there is no feedback of this user."),
    ):
        status, (out, err) = run("erase", *arguments)
        assert (status, out) == (6, "")
        assert said in " ".join(err.split())
    assert run("stats")[1].out.splitlines()[1] == "feedback\t1"
    assert run("migrate")[0] == 0


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
