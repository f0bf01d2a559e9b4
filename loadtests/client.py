"""An HTTP client that keeps a number of requests in flight and measures their latency.

One process, uvloop, httptools and prebuilt requests use about a tenth of the CPU of a general
client, which matters if client and server share two cores. Each result contains the CPU time of
the client itself. `python -m loadtests.client --help`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import time
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

from loadtests.figures import percentile

RESPONSE_TIMEOUT_SECONDS = 60.0
"""A request without a response after this time is an error."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Results of one run of the client.

    `ok`, the rate and the latencies (ms) count responses with status 200 within the measured
    window. `answered`, `errors` (by status, "connection" or "timeout") and `client_cpu_ms`, the
    client's CPU time per response, include the time before and after the window.
    """

    concurrency: int
    seconds: float
    ok: int
    requests_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    answered: int
    errors: dict[str, int]
    client_cpu_ms: float


class _Connection(asyncio.Protocol):
    """One keep-alive connection with one request in flight."""

    def __init__(self, load: _Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._start: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        if self._parser is not None:
            self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Httptools calls this after the last byte of a response."""
        assert self._parser is not None and self._start is not None  # noqa: S101, PT018  # sent
        self._load.record(self, self._start, str(self._parser.get_status_code()))
        keep_alive = self._parser.should_keep_alive()
        self._start = None
        assert self._transport is not None  # noqa: S101  # connected
        if self._load.stopped or not keep_alive:
            self._transport.close()
        else:
            # later, because it replaces the parser that is calling
            self._load.loop.call_soon(self._send)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._start is not None:
            self._load.record(self, self._start, "connection")
            self._start = None
        self._load.lost(self)

    def _send(self) -> None:
        assert self._transport is not None  # noqa: S101  # connected
        if self._load.stopped:
            self._transport.close()
            return
        self._parser = httptools.HttpResponseParser(self)
        self._start = time.perf_counter()
        self._transport.write(next(self._load.requests))


class _Load:
    """All connections, and their responses as (end, seconds, status)."""

    def __init__(self, url: str, bodies: list[bytes], concurrency: int) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        head = f"POST {parts.path or '/'} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        head += "content-type: application/json\r\ncontent-length: "
        self.requests = cycle([f"{head}{len(b)}\r\n\r\n".encode() + b for b in bodies])
        self.concurrency = concurrency
        self.loop = asyncio.get_running_loop()
        self.stopped = False
        self.responses: list[tuple[float, float, str]] = []
        self._open: set[object] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._answered: set[object] = set()
        self.all_answered = asyncio.Event()
        self.all_closed = asyncio.Event()

    def connect(self) -> None:
        for _ in range(self.concurrency):
            self._spawn()

    def record(self, connection: object, start: float, status: str) -> None:
        now = time.perf_counter()
        self.responses.append((now, now - start, status))
        self._answered.add(connection)
        if len(self._answered) >= self.concurrency:
            self.all_answered.set()

    def lost(self, connection: object) -> None:
        self._open.discard(connection)
        if not self.stopped:
            self._spawn()
        elif not self._open:
            self.all_closed.set()

    @property
    def in_flight(self) -> int:
        return len(self._open)

    def _spawn(self) -> None:
        connection = _Connection(self)
        self._open.add(connection)
        task = self.loop.create_task(self._connect(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, connection: _Connection) -> None:
        try:
            await self.loop.create_connection(lambda: connection, *self._address)
        except OSError:
            self.record(connection, time.perf_counter(), "connection")
            await asyncio.sleep(0.05)
            self.lost(connection)


async def measure(
    url: str, bodies: list[bytes], concurrency: int, *, seconds: float, warm_up: float
) -> Outcome:
    """Keep `concurrency` requests in flight; they POST `bodies` cyclically.

    The window of `seconds` opens after `warm_up` seconds and after the first response of every
    connection. It closes after another response per connection, at most 30 seconds late.
    Raises `TimeoutError` if the first responses take longer than `RESPONSE_TIMEOUT_SECONDS`.
    """
    load = _Load(url, bodies, concurrency)
    connect_start, cpu = time.perf_counter(), time.process_time()
    load.connect()
    async with asyncio.timeout(RESPONSE_TIMEOUT_SECONDS):
        await load.all_answered.wait()
    await asyncio.sleep(max(0.0, warm_up - (time.perf_counter() - connect_start)))
    start = time.perf_counter()
    wanted = len(load.responses) + concurrency
    await asyncio.sleep(seconds)
    for _ in range(600):
        if len(load.responses) >= wanted:
            break
        await asyncio.sleep(0.05)
    end = time.perf_counter()
    load.stopped = True
    unanswered = 0
    try:
        async with asyncio.timeout(RESPONSE_TIMEOUT_SECONDS):
            await load.all_closed.wait()
    except TimeoutError:
        unanswered = load.in_flight
    cpu = time.process_time() - cpu
    latencies_ms = [
        elapsed * 1000
        for at, elapsed, status in load.responses
        if start <= at < end and status == "200"
    ]
    errors = Counter(status for _, _, status in load.responses if status != "200")
    if unanswered:
        errors["timeout"] = unanswered
    p50, p95, p99 = (
        percentile(latencies_ms, s) if latencies_ms else float("nan") for s in (0.5, 0.95, 0.99)
    )
    return Outcome(
        concurrency=concurrency,
        seconds=end - start,
        ok=len(latencies_ms),
        requests_per_second=len(latencies_ms) / (end - start),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        answered=len(load.responses),
        errors=dict(errors),
        client_cpu_ms=cpu * 1000 / max(1, len(load.responses)),
    )


def main() -> None:
    """The command line; prints the outcome as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="URL for POST, such as http://127.0.0.1:3000/predict")
    parser.add_argument(
        "--bodies", type=Path, required=True, help="a file with one JSON body per line"
    )
    parser.add_argument("--concurrency", type=int, default=1, help="requests in flight (default 1)")
    parser.add_argument("--seconds", type=float, default=5.0, help="measured window (default 5)")
    parser.add_argument(
        "--warm-up", type=float, default=0.5, help="seconds before the window (default 0.5)"
    )
    args = parser.parse_args()
    bodies = args.bodies.read_bytes().splitlines()
    gc.disable()  # no pauses; a run is short
    outcome = uvloop.run(
        measure(
            args.url,
            bodies,
            args.concurrency,
            seconds=args.seconds,
            warm_up=args.warm_up,
        )
    )
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main()
