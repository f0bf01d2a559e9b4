"""Measure a burst of ten times the capacity: who is refused how fast, and the time until recovery.

The capacity is measured first, with 16 requests in flight. Then requests arrive at ten times that
rate, each on a connection of its own, whether or not earlier ones are answered. A probe is sent
every 0.1 s afterwards: the service has recovered when it is as fast as before the burst. Prints one
JSON object. Client and server share the machine. `python -m loadtests.chaos.burst --help`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httptools
import uvloop

from loadtests.client import measure
from loadtests.figures import percentile
from loadtests.machine import describe_machine
from loadtests.processes import ROOT, serving
from loadtests.texts import BUILT_IN_TEXTS

CONCURRENCY: Final = 16
PROBE_SECONDS: Final = 0.1
# A probe is as fast as before up to this multiple of the median of the probes before the burst.
RECOVERED_FACTOR: Final = 2.0
MAX_RECOVERY_SECONDS: Final = 60.0


@dataclass(slots=True)
class Answer:
    """One response: when its request was sent (`time.perf_counter`), its seconds, its status.

    Status 0 is a connection that ended without a response.
    """

    sent: float
    seconds: float = 0.0
    status: int = 0
    has_retry_after: bool = False


class _Exchange(asyncio.Protocol):
    """Sends a request as soon as it is connected, and reads the response."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._parser = httptools.HttpResponseParser(self)
        self.answer = Answer(time.perf_counter())
        self.done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.answer.sent = time.perf_counter()
        self._transport.write(self._raw)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Httptools calls this for each header."""
        del value
        self.answer.has_retry_after |= name.lower() == b"retry-after"

    def on_message_complete(self) -> None:
        """Httptools calls this after the last byte of a response."""
        self.answer.status = self._parser.get_status_code()
        self.answer.seconds = time.perf_counter() - self.answer.sent
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(self.answer)


async def ask(host: str, port: int, raw: bytes) -> Answer:
    """Send one request on a connection of its own."""
    loop = asyncio.get_running_loop()
    try:
        _, exchange = await loop.create_connection(lambda: _Exchange(raw), host, port)
    except OSError:
        return Answer(time.perf_counter())
    return await exchange.done


async def probe(host: str, port: int, raw: bytes, count: int) -> float:
    """The median seconds of requests one after the other."""
    answers = [await ask(host, port, raw) for _ in range(count)]
    return percentile([answer.seconds for answer in answers], 0.5)


async def recovery(host: str, port: int, raw: bytes, bound: float) -> float:
    """Seconds until a probe is answered within `bound` seconds."""
    start = time.perf_counter()
    probes: list[asyncio.Task[Answer]] = []
    for number in itertools.count():
        await asyncio.sleep(max(0.0, start + number * PROBE_SECONDS - time.perf_counter()))
        probes.append(asyncio.create_task(ask(host, port, raw)))
        fast = [
            task.result().sent - start
            for task in probes
            if task.done() and task.result().status == 200 and task.result().seconds <= bound
        ]
        if fast or time.perf_counter() - start > MAX_RECOVERY_SECONDS:
            await asyncio.gather(*probes)
            return min(fast, default=MAX_RECOVERY_SECONDS)
    raise AssertionError


async def run(args: argparse.Namespace, url: str) -> dict[str, Any]:
    """Measure the capacity, send the burst, wait for the recovery."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    body = json.dumps({"text": entry()}).encode()
    head = f"POST {args.path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json"
    raw = f"{head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    calm = await probe(host, port, raw, 20)
    before = await measure(f"{url}{args.path}", [body], CONCURRENCY, seconds=4, warm_up=1)
    rate = args.factor * before.requests_per_second
    tasks, start = [], time.perf_counter()
    for number in range(round(rate * args.seconds)):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(host, port, raw)))
    sent_in = time.perf_counter() - start
    recovered = await recovery(host, port, raw, RECOVERED_FACTOR * calm)
    answers = await asyncio.gather(*tasks)
    after = await measure(f"{url}{args.path}", [body], CONCURRENCY, seconds=4, warm_up=1)
    return {
        "capacity_per_second": round(before.requests_per_second, 1),
        "burst_per_second": round(len(tasks) / sent_in, 1),
        "burst_seconds": round(sent_in, 2),
        **describe(answers),
        "calm_ms": round(calm * 1000, 1),
        "recovered_after_seconds": round(recovered, 2),
        "capacity_afterwards": round(after.requests_per_second, 1),
        "refused_at_capacity": before.errors.get("503", 0) + after.errors.get("503", 0),
    }


def entry() -> str:
    """An entry of eight sentences."""
    lines = BUILT_IN_TEXTS.read_text(encoding="utf-8").splitlines()
    return " ".join(line for line in lines[:8] if line)


def describe(answers: list[Answer]) -> dict[str, Any]:
    """Statuses, and the times of accepted and refused requests."""
    statuses = Counter("none" if one.status == 0 else str(one.status) for one in answers)
    figures: dict[str, Any] = {"statuses": dict(statuses)}
    for name, status in (("accepted", 200), ("refused", 503)):
        times = [one.seconds * 1000 for one in answers if one.status == status]
        for label, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0)):
            if times:
                figures[f"{name}_{label}_ms"] = round(percentile(times, share))
    refused = [one for one in answers if one.status == 503]
    figures["refused_without_retry_after"] = sum(not one.has_retry_after for one in refused)
    return figures


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.chaos.burst", description=__doc__)
    parser.add_argument("--path", default="/analyze/journal", help="a route for a text")
    parser.add_argument("--factor", type=float, default=10.0, help="times the capacity")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of the burst")
    parser.add_argument("--port", type=int, default=3731)
    args = parser.parse_args()
    command = [sys.executable, "-m", "samo", "serve", "--port", str(args.port)]
    os.environ["NO_PROXY"] = "127.0.0.1"
    url = f"http://127.0.0.1:{args.port}"
    with serving(command, ROOT / "runs" / "burst" / "server.log") as server:
        server.wait_until_ready(f"{url}/readyz")
        figures = uvloop.run(run(args, url))
    sys.stderr.write(describe_machine() + "\n")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
