"""Bring the tables of feedback to the revision of this version of the service."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from samo.feedback.database import (
    MIGRATION_SECONDS,
    create_file,
    is_sqlite,
    open_engine,
    reading,
)
from samo.feedback.problems import UnusableDatabaseError, reason
from samo.feedback.tables import answers, metadata

VERSION_TABLE: Final = "samo_feedback_revision"

# Any number that no other program locks in the same database; the letters "samo".
_ADVISORY_LOCK: Final = 0x73616D6F


def ensure_tables(url: str, engine: Engine, *, migrate: bool) -> None:
    """Check that the tables have the revision of this version; update them if `migrate` is set.

    Args:
        url: as in `SAMO_FEEDBACK_URL`.
        engine: connections to it.
        migrate: whether the tables may be created and changed.

    Raises:
        UnusableDatabaseError: They have not, and that cannot be changed here.
        SQLAlchemyError, sqlite3.Error, OSError: The database cannot be used.
    """
    if migrate:
        create_file(engine)
    with reading(engine) as connection:
        if _is_current(connection):
            _refuse_missing_columns(connection)
            return
        _refuse_unknown(connection)
        _refuse_other_encoding(connection)
    if not migrate:
        raise UnusableDatabaseError(
            "The tables of feedback are not there or older than this version: run `samo feedback "
            "migrate`."
        )
    _migrate(url)


def _migrate(url: str) -> None:
    patient = open_engine(url, MIGRATION_SECONDS)
    try:
        with patient.begin() as connection:
            # the lock that makes a second instance wait; in SQLite, BEGIN IMMEDIATE is one
            if not is_sqlite(patient.url):
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
            if _is_current(connection):
                return
            upgrade(connection, "head")
    except DBAPIError as error:
        raise UnusableDatabaseError(
            f"The migration of the tables of feedback failed, and nothing was changed: "
            f"{reason(error)}"
        ) from None
    finally:
        patient.dispose()


def upgrade(connection: Connection, revision: str) -> None:
    """Run the migrations up to a revision, in the transaction of the caller."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def head() -> str | None:
    """The revision of this version of the service."""
    return _scripts().get_current_head()


def _is_current(connection: Connection) -> bool:
    return _revision(connection) == head()


def _revision(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    heads = context.get_current_heads()
    if len(heads) > 1:
        raise UnusableDatabaseError(
            f"The table {VERSION_TABLE} has several rows: restore the database from a backup."
        )
    return heads[0] if heads else None


def _refuse_missing_columns(connection: Connection) -> None:
    inspector = inspect(connection)
    for table in metadata.sorted_tables:
        found = inspector.get_columns(table.name) if inspector.has_table(table.name) else []
        if not {*table.columns.keys()} <= {column["name"] for column in found}:
            raise UnusableDatabaseError(
                f"The table {table.name} was removed or changed by another program: restore the "
                "database from a backup."
            )


def _refuse_unknown(connection: Connection) -> None:
    revision = _revision(connection)
    if revision is None and inspect(connection).has_table(answers.name):
        raise UnusableDatabaseError(
            f"The tables of feedback have no revision in {VERSION_TABLE}: restore the database "
            "from a backup, or remove the tables whose names begin with samo_."
        )
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        raise UnusableDatabaseError(
            "The tables of feedback are of a newer version of the service, or were changed by "
            "another program: start that version, or restore the database from a backup."
        )


def _refuse_other_encoding(connection: Connection) -> None:
    """Refuse a PostgreSQL database that cannot store every character."""
    if is_sqlite(connection.engine.url):
        return
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise UnusableDatabaseError(
            "The database of feedback cannot store all characters: create it with ENCODING 'UTF8'."
        )


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
