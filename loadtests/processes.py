"""Servers under test: start, wait until ready, measure resources, stop.

A server may have workers and daemons that leave its process group, as Ray's do. They all inherit
the environment, so a marker variable identifies them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
_MARKER = "SAMO_LOADTEST_SERVER"
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)


class ServerFailed(RuntimeError):  # an event, not an error in code
    """A server under test ended, or did not become ready in time."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources of all processes of a server; `pss_mb` is the proportional set size."""

    pss_mb: float
    descriptors: int
    threads: int
    processes: int


class ServerProcess:
    """A server in a subprocess, including the processes that it starts."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path = ROOT
    ) -> None:
        self.log = log
        self._marker = uuid.uuid4().hex
        log.parent.mkdir(parents=True, exist_ok=True)
        self.started = time.perf_counter()
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  # commands of this project
                list(command),
                cwd=folder,
                env={**os.environ, **environment, _MARKER: self._marker},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def processes(self) -> list[psutil.Process]:
        """Return every running process of the server."""
        found: dict[int, psutil.Process] = {}
        for process in psutil.process_iter():
            with contextlib.suppress(*_GONE):
                if process.environ().get(_MARKER) == self._marker:
                    # those without its environment, too, such as our decoder processes
                    members = [process, *process.children(recursive=True)]
                    found |= {member.pid: member for member in members}
        return list(found.values())

    def wait_until_ready(
        self, url: str, body: bytes | None = None, *, timeout_seconds: float = 120.0
    ) -> float:
        """Send requests until one returns 200; return the seconds since the start.

        Raises `ServerFailed` if the server ends or is not ready after `timeout_seconds`.
        """
        request = urllib.request.Request(  # noqa: S310  # always http
            url, data=body, headers={"content-type": "application/json"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.perf_counter() - self.started < timeout_seconds:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError), opener.open(request, timeout=10) as response:
                if response.status == 200:
                    return time.perf_counter() - self.started
            time.sleep(0.02)
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        reasons = [line for line in lines if "Error" in line] or lines or ["it printed nothing"]
        raise ServerFailed(f"{url} was not ready: {reasons[-1][:300]} (see {self.log.name})")

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that its processes have used."""
        total = 0.0
        for process in self.processes():
            with contextlib.suppress(*_GONE):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def usage(self) -> Usage:
        """Return the current resources of its processes."""
        pss = descriptors = threads = count = 0
        for process in self.processes():
            with contextlib.suppress(*_GONE):
                pss += process.memory_full_info().pss
                descriptors += process.num_fds()
                threads += process.num_threads()
                count += 1
        return Usage(pss / 2**20, descriptors, threads, count)

    def stop(self) -> None:
        """Send SIGTERM, and kill what still runs after 15 seconds."""
        members = self.processes()
        self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=15)
        _, alive = psutil.wait_procs(members, timeout=5)
        for process in alive:
            with contextlib.suppress(*_GONE):
                process.kill()
        self._process.wait(timeout=15)


@contextlib.contextmanager
def serving(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
) -> Iterator[ServerProcess]:
    """Run a server in `folder` during a `with` block."""
    server = ServerProcess(command, log, environment or {}, folder)
    try:
        yield server
    finally:
        server.stop()
