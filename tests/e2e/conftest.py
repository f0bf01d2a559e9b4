"""A real server in a subprocess."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT

# the command of `make serve`
SAMO_SERVE = ("samo", "serve")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Client(httpx.Client):
    """A client of a server in a subprocess."""

    process: subprocess.Popen[bytes]


@contextmanager
def serving(
    log: Path,
    command: Sequence[str] = SAMO_SERVE,
    script: Path | None = None,
    **environment: str,
) -> Iterator[Client]:
    """Run a module of the project, or `script`, during the `with` block; yield a client."""
    port = free_port()
    program = ["-m", *command] if script is None else [str(script)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *program, "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            with Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
                client.process = process
                wait_until_ready(client, process, log)
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail(f"not ready after 120 s: {log.read_text()}")


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[httpx.Client]:
    with serving(tmp_path_factory.mktemp("serve") / "log") as client:
        yield client
