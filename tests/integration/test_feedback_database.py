"""The tables of feedback, their migrations and the command, in SQLite and a real PostgreSQL."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from samo import cli
from samo.feedback import migration, store, writer
from samo.feedback.database import create_file, reading
from samo.feedback.problems import UnusableDatabaseError, reason
from samo.feedback.records import Submission
from samo.feedback.tables import metadata
from tests.integration.feedback import (
    NOW,
    TEXT,
    answer,
    engine_of,
    rows,
)


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
    for arguments, message in (
        (("u", "--key", "phone"), "no feedback of this user with that key. There is with: other."),
        (("nobody",), "Nothing was erased: there is no feedback of this user."),
    ):
        status, (out, err) = run("erase", *arguments)
        assert (status, out) == (6, "")
        assert message in " ".join(err.split())
    assert run("stats")[1].out.splitlines()[1] == "feedback\t1"
    assert run("migrate")[0] == 0
