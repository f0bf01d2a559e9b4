"""Fixtures of the tests with the exported transcriber, and with a database of feedback."""

from __future__ import annotations

import json
import time

import pytest

from runners.base import Runner
from runners.transcriber.transcriber import Transcriber
from samo.audio import decode
from samo.feedback import migration
from tests.conftest import RECORDING
from tests.integration.feedback import engine_of
from tests.postgres import PROGRAMS, running_postgres


@pytest.fixture(scope="module")
def transcriber(transcriber_folder):
    runner: Runner = Transcriber.load(transcriber_folder, threads=2)
    runner.warm_up()
    return runner


@pytest.fixture(scope="module")
def jfk():
    return decode(RECORDING.read_bytes()).samples


@pytest.fixture(scope="module")
def manifest(speech_data):
    lines = (speech_data / "manifest.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
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


@pytest.fixture
def engine(url):
    """Connections to a database with tables."""
    with engine_of(url) as engine:
        migration.ensure_tables(url, engine, migrate=True)
        yield engine
