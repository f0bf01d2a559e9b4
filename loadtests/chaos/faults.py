"""The faults that are thrown, each an asynchronous function of a `Chaos` that ends by itself."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loadtests.chaos import faulty_server
from loadtests.chaos.clients import Clients, ModelFault
from loadtests.chaos.requests import Request

MODELS: Final = ("summarizer", "emotion", "transcriber")
# Longer than the deadlines of the steps that `__main__` sets.
SLEEP_SECONDS: Final = 4.0
FAULT_SECONDS: Final = 3.0
PAUSE_SECONDS: Final = 2.0
REDIS_DOWN_SECONDS: Final = 3.0
BURST_REQUESTS: Final = 400
LEAVING_CLIENTS: Final = 20


@dataclass
class Chaos:
    """The server, its clients and its Redis, on which faults are thrown."""

    clients: Clients
    requests: Mapping[str, Request]
    faults_file: Path
    redis: Redis | None

    @asynccontextmanager
    async def model_fault(self, model: str, fault: Mapping[str, Any]) -> AsyncIterator[None]:
        """A model has a fault during the block; a batch that has begun may have it for longer."""
        window = ModelFault(model, time.monotonic())
        self.clients.model_faults.append(window)
        with faulty_server.faults(self.faults_file, **{model: fault}):
            yield
        window.end = time.monotonic() + fault.get("sleep_seconds", 0.0) + 1.0


class Redis:
    """A Redis in a subprocess, which keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: asyncio.subprocess.Process | None = None

    @staticmethod
    def is_installed() -> bool:
        """Whether there is a redis-server."""
        return shutil.which("redis-server") is not None

    async def start(self) -> None:
        """Start it."""
        self._process = await asyncio.create_subprocess_exec(
            "redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--save", "",
            cwd=self._folder, stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None


async def kill(chaos: Chaos) -> None:
    """SIGKILL, and a start of the next process."""
    await _restart(chaos, signal.SIGKILL)


async def terminate(chaos: Chaos) -> None:
    """SIGTERM, and a start of the next process."""
    await _restart(chaos, signal.SIGTERM)


async def _restart(chaos: Chaos, number: signal.Signals) -> None:
    supervisor = chaos.clients.supervisor
    supervisor.signal(number)
    while supervisor.outages[-1].end is None:  # noqa: ASYNC110  # it is set by another task
        await asyncio.sleep(0.1)


async def pause(chaos: Chaos) -> None:
    """SIGSTOP, and SIGCONT after a while, as a machine that is suspended."""
    supervisor = chaos.clients.supervisor
    supervisor.signal(signal.SIGSTOP)
    await asyncio.sleep(PAUSE_SECONDS)
    supervisor.signal(signal.SIGCONT)


def failing(model: str) -> Fault:
    """A model that raises errors."""

    async def fault(chaos: Chaos) -> None:
        async with chaos.model_fault(model, {"fail": True}):
            await asyncio.sleep(FAULT_SECONDS)

    return fault


def slow(model: str) -> Fault:
    """A model that takes longer than the deadline of its step."""

    async def fault(chaos: Chaos) -> None:
        async with chaos.model_fault(model, {"sleep_seconds": SLEEP_SECONDS}):
            await asyncio.sleep(FAULT_SECONDS)
        await asyncio.sleep(SLEEP_SECONDS)  # until the batches that have begun are done

    return fault


async def burst(chaos: Chaos) -> None:
    """Many requests at once."""
    request = chaos.requests["/analyze/journal"]
    async with chaos.clients.open() as client:
        await asyncio.gather(*(chaos.clients.send(client, request) for _ in range(BURST_REQUESTS)))


async def leave(chaos: Chaos) -> None:
    """Clients that leave in the middle of an upload, and while the server computes."""
    upload = chaos.requests["/analyze/voice-journal"]
    entry = chaos.requests["/analyze/journal"]
    leaving = [chaos.clients.leave(upload, 0.3, share_sent=0.5) for _ in range(LEAVING_CLIENTS)]
    leaving += [chaos.clients.leave(upload, 0.3, share_sent=1.0) for _ in range(LEAVING_CLIENTS)]
    leaving += [chaos.clients.leave(entry, 0.01, share_sent=1.0) for _ in range(LEAVING_CLIENTS)]
    await asyncio.gather(*leaving)


async def stop_redis(chaos: Chaos) -> None:
    """Redis is killed, and started again after a while."""
    if chaos.redis is not None:
        await chaos.redis.stop()
        await asyncio.sleep(REDIS_DOWN_SECONDS)
        await chaos.redis.start()


Fault = Callable[[Chaos], Awaitable[None]]

FAULTS: Final[Mapping[str, Fault]] = {
    "kill -9": kill,
    "SIGTERM": terminate,
    "SIGSTOP": pause,
    **{f"{model} fails": failing(model) for model in MODELS},
    **{f"{model} is slow": slow(model) for model in MODELS},
    "burst": burst,
    "clients leave": leave,
    "Redis is gone": stop_redis,
}
