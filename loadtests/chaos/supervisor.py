"""Run a server and start it again when it has died, as Docker's restart policy does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from loadtests.processes import ROOT, ServerFailed

_READY_SECONDS: Final = 120.0
# Docker waits 0.1 s before the first restart.
_RESTART_SECONDS: Final = 0.1


@dataclass(slots=True)
class Outage:
    """A time without a server: from the signal until the next process is ready.

    `kills` is whether the server was killed, so that requests in flight were cut; a server that was
    terminated answers them. Times are `time.monotonic`.
    """

    kills: bool
    start: float
    end: float | None = None

    def overlaps(self, since: float) -> bool:
        """Whether it was at some time between `since` and now."""
        return self.end is None or self.end >= since


@dataclass
class Supervisor:
    """A server on `port`, and its outages."""

    port: int
    log: Path
    environment: Mapping[str, str]
    outages: list[Outage] = field(default_factory=list)
    exit_statuses: list[int] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the server during the block; it is ready at its start."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            await self._start(output.fileno())
            watcher = asyncio.create_task(self._watch(output.fileno()))
            try:
                await self.wait_until_ready()
                yield
            finally:
                watcher.cancel()
                await self._stop()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server; the one after SIGKILL or SIGTERM is another process."""
        if self._process is None or self._process.returncode is not None:
            return
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.outages.append(Outage(number is signal.SIGKILL, time.monotonic()))
        self._process.send_signal(number)

    def was_down(self, since: float, *, killed: bool) -> bool:
        """Whether there was an outage since then; `killed`: one that cuts requests."""
        return any(one.overlaps(since) and (one.kills or not killed) for one in self.outages)

    async def wait_until_ready(self) -> None:
        """Wait for /readyz. Raises `ServerFailed` after two minutes."""
        deadline = time.monotonic() + _READY_SECONDS
        async with httpx.AsyncClient(trust_env=False) as client:
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"{self.url}/readyz", timeout=10)).status_code == 200:
                        return
                await asyncio.sleep(0.1)
        raise ServerFailed(f"{self.url} is not ready: see {self.log}")

    async def _start(self, output: int) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "loadtests.chaos.faulty_server", "--port", str(self.port),
            cwd=ROOT, env={**os.environ, **self.environment}, stdout=output, stderr=output,
        )  # fmt: skip

    async def _watch(self, output: int) -> None:
        """Start the server again whenever it has ended."""
        while self._process is not None:
            self.exit_statuses.append(await self._process.wait())
            await asyncio.sleep(_RESTART_SECONDS)
            await self._start(output)
            await self.wait_until_ready()
            for outage in self.outages:
                outage.end = outage.end or time.monotonic()

    async def _stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self.exit_statuses.append(await self._process.wait())
