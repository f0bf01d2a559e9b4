"""A PostgreSQL server of the tests' own, from Debian's packages, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pg8000.native

from tests.e2e.conftest import free_port


def _programs() -> Path | None:
    """The folder of the server's programs, which Debian keeps out of the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = versions[-1] if versions else shutil.which("initdb")
    return None if found is None else Path(found).parent


PROGRAMS = _programs()
USER, PASSWORD = "samo", "pa55word"


class Postgres:
    """A server; it refuses to run as root, so that it runs as the user postgres then."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._account = "postgres" if os.geteuid() == 0 else None
        if self._account is not None:
            shutil.chown(folder, self._account)
        password = folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        self._run(
            "initdb", "--pgdata", "data", "--no-sync", "--auth", "scram-sha-256",
            "--username", USER, "--pwfile", "password", "--encoding", "UTF8", "--locale", "C",
        )  # fmt: skip

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "start", "--pgdata", "data", "--wait", "--log", "log", "-o", options)

    def stop(self) -> None:
        """End it at once, as a crash would."""
        self._run("pg_ctl", "stop", "--pgdata", "data", "--wait", "--mode", "immediate")

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        connection = pg8000.native.Connection(
            USER, host="127.0.0.1", port=self.port, database=database, password=PASSWORD
        )
        try:
            return [tuple(row) for row in connection.run(statement) or ()]
        finally:
            connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = (str(Path(str(PROGRAMS)) / program), *arguments)
        subprocess.run(
            command, cwd=self.folder, user=self._account, check=True, timeout=120,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A started server during the `with` block."""
    # not in a folder of pytest, which the user postgres may not enter
    with tempfile.TemporaryDirectory(prefix="samo-postgres-") as folder:
        postgres = Postgres(Path(folder))
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop()
