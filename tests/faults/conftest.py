"""A real server whose models fail or are slow on request, and what the system knows about it."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadtests.chaos.faulty_server import FAULTS_VARIABLE, faults
from tests.e2e.conftest import Client, serving

COMMAND = ("loadtests.chaos.faulty_server",)
ENTRY = {"text": "I was full of joy. Then it rained. We went home in anger."}


class FaultyServer:
    """A server with fake models in a subprocess.

    Attributes:
        client: of the server.
        log: its output.
        idle_files: number of files that it had open at the start.

    """

    def __init__(self, client: Client, log: Path, file: Path) -> None:
        self.client = client
        self.log = log
        self._file = file
        self.idle_files = self.open_files()

    @property
    def pid(self) -> int:
        return self.client.process.pid

    def faults(self, **by_model):
        """The models have these faults during the `with` block."""
        return faults(self._file, **by_model)

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric over all its label sets with these labels; 0 if there is none."""
        lines = self.client.get("/metrics").text.splitlines()
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if re.match(rf"{name}[ {{]", line) and all(one in line for one in wanted)
        )


@contextlib.contextmanager
def faulty_server(folder: Path, **settings: str) -> Iterator[FaultyServer]:
    """Run a server with fake models during the `with` block."""
    file, log = folder / "faults.json", folder / "log"
    environment = {"SAMO_RUNNERS": "fake", FAULTS_VARIABLE: str(file), **settings}
    with serving(log, COMMAND, None, **environment) as client:
        yield FaultyServer(client, log, file)


@pytest.fixture(scope="session")
def faulty(tmp_path_factory) -> Iterator[FaultyServer]:
    """A server with short deadlines, which the tests share."""
    deadlines = {
        "SAMO_TRANSCRIPTION_DEADLINE_SECONDS": "2",  # a decoder may have to start again
        "SAMO_EMOTION_DEADLINE_SECONDS": "0.5",
        "SAMO_SUMMARY_DEADLINE_SECONDS": "0.5",
    }
    with faulty_server(tmp_path_factory.mktemp("faulty"), SAMO_THREADS="1", **deadlines) as server:
        yield server


def eventually(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait until `condition` is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not become true"
        time.sleep(0.05)


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
