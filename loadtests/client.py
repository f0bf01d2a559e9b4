"""A lean HTTP client that keeps a number of requests in flight and times them.

One process, uvloop, httptools and prebuilt requests: about a tenth of the CPU of a general client,
which matters where client and server share two cores. Each result says what the client itself
cost. `python -m loadtests.client --help`.
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

PATIENCE_SECONDS = 60.0
"""What has no answer after so long is an error."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of the client saw.

    `ok`, the rate and the latencies (ms) are of the answers with status 200 within the measured
    window; `answered` and `errors` (by status, "connection" or "timeout") also of the time before
    and after it, and so is `client_cpu_ms`, the client's own CPU for each answer.
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
        """Httptools calls this after the last byte of an answer."""
        assert self._parser is not None and self._start is not None  # noqa: S101, PT018  # sent
        self._load.record(self, self._start, str(self._parser.get_status_code()))
        keep_alive = self._parser.should_keep_alive()
        self._start = None
        assert self._transport is not None  # noqa: S101  # connected
        if self._load.stopped or not keep_alive:
            self._transport.close()
        else:
            # not from within the parser that is to be replaced
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
    """The connections together, and what came of them."""

    def __init__(self, url: str, bodies: list[bytes], concurrency: int) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        head = f"POST {parts.path or '/'} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        head += "content-type: application/json\r\ncontent-length: "
        self.requests = cycle([f"{head}{len(b)}\r\n\r\n".encode() + b for b in bodies])
        self.concurrency = concurrency
        self.loop = asyncio.get_running_loop()
        self.stopped = False
        self.answers: list[tuple[float, float, str]] = []
        self._open: set[object] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._heard: set[object] = set()
        self.all_heard = asyncio.Event()
        self.all_closed = asyncio.Event()

    def connect(self) -> None:
        for _ in range(self.concurrency):
            self._spawn()

    def record(self, connection: object, start: float, status: str) -> None:
        now = time.perf_counter()
        self.answers.append((now, now - start, status))
        self._heard.add(connection)
        if len(self._heard) >= self.concurrency:
            self.all_heard.set()

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
    """Keep `concurrency` requests in flight, POSTing `bodies` in turn.

    The window of `seconds` opens after `warm_up` seconds, and not before every connection had its
    first answer; it stays open until there was an answer for each, 30 seconds longer at most.
    Raises `TimeoutError` where the first answers take longer than `PATIENCE_SECONDS`.
    """
    load = _Load(url, bodies, concurrency)
    begun, cpu = time.perf_counter(), time.process_time()
    load.connect()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await load.all_heard.wait()
    await asyncio.sleep(max(0.0, warm_up - (time.perf_counter() - begun)))
    start = time.perf_counter()
    wanted = len(load.answers) + concurrency
    await asyncio.sleep(seconds)
    for _ in range(600):
        if len(load.answers) >= wanted:
            break
        await asyncio.sleep(0.05)
    end = time.perf_counter()
    load.stopped = True
    unanswered = 0
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await load.all_closed.wait()
    except TimeoutError:
        unanswered = load.in_flight
    cpu = time.process_time() - cpu
    good = [
        took * 1000 for at, took, status in load.answers if start <= at < end and status == "200"
    ]
    errors = Counter(status for _, _, status in load.answers if status != "200")
    if unanswered:
        errors["timeout"] = unanswered
    p50, p95, p99 = (percentile(good, s) if good else float("nan") for s in (0.5, 0.95, 0.99))
    return Outcome(
        concurrency=concurrency,
        seconds=end - start,
        ok=len(good),
        requests_per_second=len(good) / (end - start),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        answered=len(load.answers),
        errors=dict(errors),
        client_cpu_ms=cpu * 1000 / max(1, len(load.answers)),
    )


def main() -> None:
    """The command line: prints the outcome as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="what to POST to, such as http://127.0.0.1:3000/predict")
    parser.add_argument("--bodies", type=Path, required=True, help="a file with a JSON body a line")
    parser.add_argument("--concurrency", type=int, default=1, help="requests in flight (default 1)")
    parser.add_argument("--seconds", type=float, default=5.0, help="measured window (default 5)")
    parser.add_argument(
        "--warm-up", type=float, default=0.5, help="seconds before it (default 0.5)"
    )
    options = parser.parse_args()
    bodies = options.bodies.read_bytes().splitlines()
    gc.disable()  # no pauses; a run is short
    outcome = uvloop.run(
        measure(
            options.url,
            bodies,
            options.concurrency,
            seconds=options.seconds,
            warm_up=options.warm_up,
        )
    )
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main()
