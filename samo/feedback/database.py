"""The connections to the database of feedback: a SQLite file, or PostgreSQL.

Every transaction has a time limit, so that no request waits for a database that does not answer.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from runners.errors import StartError

REQUEST_SECONDS: Final = 5.0
"""Longest time for a statement, and for waiting for a lock, in requests."""
MIGRATION_SECONDS: Final = 600.0
MAX_CONNECTIONS: Final = 4

# The network's part of a statement.
_NETWORK_SECONDS: Final = 3.0
_TLS_MODES: Final = ("disable", "prefer", "require", "verify-full")
_READS: Final = "samo_reads"
_FILE: Final = "samo_file"


def open_engine(url: str, seconds: float = REQUEST_SECONDS) -> Engine:
    """Return the pool of connections; it connects when it is used.

    Args:
        url: as in `SAMO_FEEDBACK_URL`.
        seconds: the longest time for a statement, and for waiting for a lock.

    Raises:
        StartError: The URL has an option that is not known, or names a file that cannot be read.
    """
    parsed = make_url(url)
    return _sqlite(parsed, seconds) if is_sqlite(parsed) else _postgresql(parsed, seconds)


def is_sqlite(url: URL) -> bool:
    """Whether the URL names a SQLite file."""
    return url.get_backend_name() == "sqlite"


def create_file(engine: Engine) -> None:
    """Create the SQLite file if it is missing, for its owner only, in WAL mode.

    In WAL mode readers do not wait for a writer.

    Raises:
        OSError, sqlite3.Error: The file cannot be created or is no database.
    """
    if not is_sqlite(engine.url):
        return
    path = Path(engine.url.database or "")
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    deadline = time.monotonic() + REQUEST_SECONDS
    while True:
        try:
            _outside_transaction(engine, "PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite does not wait for the lock here, which another instance may hold
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads; a SQLite file can be written meanwhile."""
    with engine.connect() as connection:
        yield connection.execution_options(**{_READS: True})


def forget_deleted(engine: Engine) -> None:
    """Remove what was deleted from SQLite's write-ahead log, where it stays for a while."""
    if is_sqlite(engine.url):
        _outside_transaction(engine, "PRAGMA wal_checkpoint(TRUNCATE)")


def _outside_transaction(engine: Engine, statement: str) -> None:
    connection = engine.raw_connection()
    try:
        connection.cursor().execute(statement)
    finally:
        connection.close()


def _sqlite(url: URL, seconds: float) -> Engine:
    path = Path(url.database or "")

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",  # `create_file` creates it
            timeout=seconds,
            isolation_level=None,  # `begin` below begins the transactions
            check_same_thread=False,
            uri=True,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")  # what was answered survives a power cut
        connection.execute("PRAGMA secure_delete = ON")  # overwrite what is erased
        return connection

    engine = create_engine(
        url,
        creator=connect,
        pool_size=MAX_CONNECTIONS,
        max_overflow=0,
        pool_timeout=seconds,
        hide_parameters=True,  # they are user text, which belongs into no log
    )

    @event.listens_for(engine, "connect")
    def remember_file(_connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        record.info[_FILE] = _identity(path)

    @event.listens_for(engine, "checkout")
    def reconnect(
        _connection: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: Any
    ) -> None:
        # A connection goes on with a file that was removed or replaced, and its rows would be lost.
        if record.info[_FILE] != _identity(path):
            raise DisconnectionError

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that becomes a writing one later fails, if another one has written.
        reads = connection.get_execution_options().get(_READS, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _postgresql(url: URL, seconds: float) -> Engine:
    options = {name: str(value) for name, value in url.query.items()}
    arguments: dict[str, Any] = {"timeout": seconds + _NETWORK_SECONDS, "application_name": "samo"}
    arguments |= _tls(options.pop("sslmode", "prefer"), options.pop("sslrootcert", None))
    if folder := options.pop("host", None):  # libpq's notation for the folder of a Unix socket
        arguments["unix_sock"] = f"{folder}/.s.PGSQL.{url.port or 5432}"
        arguments["ssl_context"] = False
    if options:
        raise StartError(
            f"SAMO_FEEDBACK_URL has an unknown option ({sorted(options)[0]}): the options are "
            "host, sslmode and sslrootcert."
        )
    engine = create_engine(
        url.set(drivername="postgresql+pg8000", query={}),
        connect_args=arguments,
        pool_size=MAX_CONNECTIONS,
        max_overflow=0,
        pool_timeout=seconds,
        pool_pre_ping=True,  # a connection may be from before a restart of the database
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # of the transaction only, so that poolers such as PgBouncer can be between
        connection.execute(text(f"SET LOCAL statement_timeout = {round(seconds * 1000)}"))

    return engine


def _tls(mode: str, root_certificate: str | None) -> dict[str, Any]:
    """pg8000's `ssl_context` for libpq's sslmode; it takes None for `prefer`."""
    if mode not in _TLS_MODES:
        raise StartError(
            f"SAMO_FEEDBACK_URL has an unknown sslmode: it is one of {', '.join(_TLS_MODES)}."
        )
    if root_certificate is not None and mode != "verify-full":
        raise StartError("SAMO_FEEDBACK_URL: sslrootcert needs sslmode=verify-full.")
    if mode == "verify-full":
        try:
            return {"ssl_context": ssl.create_default_context(cafile=root_certificate)}
        except OSError:
            raise StartError(
                "SAMO_FEEDBACK_URL: the file that sslrootcert names cannot be read."
            ) from None
    return {"ssl_context": {"disable": False, "prefer": None, "require": True}[mode]}
