"""Measure how much one caller's flood delays another caller.

    python -m loadtests.fairness

Two API keys: B sends one request at a time, alone and while A keeps many in flight. The service is
started with the real models. `--checkout` names another checkout of the project whose service is
measured instead, to compare two versions.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import uvloop
from rich.console import Console
from rich.table import Table

from loadtests.figures import percentile
from loadtests.machine import describe_machine
from loadtests.processes import ROOT, serving
from loadtests.texts import RECORDING, sentences
from samo.access.keys import KeyFile, new_key

_FLOOD_BATCHES: Final = 16
_FLOOD_RECORDINGS: Final = 8
_BATCH_TEXTS: Final = 100
_TIMEOUT_SECONDS: Final = 300.0
_console = Console(stderr=True)

Send = Callable[[httpx.AsyncClient], Coroutine[Any, Any, httpx.Response]]


@dataclass
class Sample:
    """What a caller got: the latencies of the responses with status 200, and all statuses."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    async def send(self, client: httpx.AsyncClient, send: Send) -> None:
        """Send one request and note its outcome."""
        start = time.perf_counter()
        response = await send(client)
        self.statuses[response.status_code] += 1
        if response.status_code == httpx.codes.OK:
            self.milliseconds.append((time.perf_counter() - start) * 1000)
        else:
            await asyncio.sleep(0.05)  # a refused flood does not become a busy loop


def _post_text(text: str) -> Send:
    return lambda client: client.post("/predict", json={"text": text})


def _post_batch(texts: list[str]) -> Send:
    return lambda client: client.post("/predict_batch", json={"texts": texts})


def _post_recording(recording: bytes) -> Send:
    return lambda client: client.post("/transcribe/voice", files={"audio_file": recording})


@asynccontextmanager
async def _flood(client: httpx.AsyncClient, sends: list[Send]) -> AsyncIterator[Sample]:
    """Keep a request of each kind in flight during the block."""
    sample = Sample()

    async def repeat(send: Send) -> None:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                await sample.send(client, send)

    tasks = [asyncio.create_task(repeat(send)) for send in sends]
    await asyncio.sleep(2.0 if tasks else 0.0)  # until the queues are full
    try:
        yield sample
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _measure(
    clients: dict[str, httpx.AsyncClient], flood: list[Send], send: Send, seconds: float
) -> Sample:
    sample = Sample()
    async with _flood(clients["a"], flood) as flooded:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await sample.send(clients["b"], send)
    if flood:
        _console.print(f"  A: {dict(flooded.statuses)}")
    await asyncio.sleep(1.0)  # abandoned work ends
    return sample


async def measure(url: str, keys: dict[str, str], seconds: float) -> dict[str, Sample]:
    """Measure each situation for some seconds; the key is its description."""
    limits = httpx.Limits(max_connections=200)
    texts = sentences(_FLOOD_BATCHES * _BATCH_TEXTS)
    batches = [
        _post_batch(texts[n * _BATCH_TEXTS : (n + 1) * _BATCH_TEXTS]) for n in range(_FLOOD_BATCHES)
    ]
    recording = RECORDING.read_bytes()
    recordings = [_post_recording(recording)] * _FLOOD_RECORDINGS
    text, speech = _post_text(texts[0]), _post_recording(recording)
    async with contextlib.AsyncExitStack() as stack:
        clients = {
            name: await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=url,
                    headers={"x-api-key": key},
                    timeout=_TIMEOUT_SECONDS,
                    limits=limits,
                    trust_env=False,
                )
            )
            for name, key in keys.items()
        }
        found = {}
        for what, flood, send in (
            ("a text, alone", [], text),
            (f"a text, while A sends {_FLOOD_BATCHES} batches", batches, text),
            ("a recording, alone", [], speech),
            (f"a recording, while A sends {_FLOOD_RECORDINGS} recordings", recordings, speech),
            ("a text, while A sends both", [*batches, *recordings], text),
        ):
            _console.print(what)
            found[what] = await _measure(clients, flood, send, seconds)
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each situation (15)")
    parser.add_argument("--port", type=int, default=3911)
    parser.add_argument("--checkout", type=Path, default=ROOT, help="whose service is measured")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args()
    made = {name: new_key(name, ["text", "speech"]) for name in ("a", "b")}
    stored = KeyFile(keys=tuple(entry for _, entry in made.values())).to_json()
    with tempfile.TemporaryDirectory() as folder:
        variables = {"BENTOML_DO_NOT_TRACK": "True", "SAMO_API_KEYS": stored}
        log = Path(folder) / "server.log"
        url = f"http://127.0.0.1:{args.port}"
        command = [sys.executable, "-m", "samo", "serve", "--port", str(args.port)]
        with serving(command, log, variables, args.checkout.resolve()) as server:
            server.wait_until_ready(f"{url}/readyz")
            keys = {name: key for name, (key, _) in made.items()}
            found = uvloop.run(measure(url, keys, args.seconds))
    if args.json:
        print(json.dumps({name: _figures(sample) for name, sample in found.items()}, indent=2))
        return
    table = Table(title=f"B sends one request at a time; {describe_machine()}")
    for column in ("B sends", "p50, ms", "p95, ms", "served", "refused"):
        table.add_column(column, justify="left" if column == "B sends" else "right")
    for name, sample in found.items():
        figures = _figures(sample)
        table.add_row(name, *(str(figures[column]) for column in _COLUMNS))
    Console(width=120).print(table)


_COLUMNS: Final = ("p50_ms", "p95_ms", "served", "refused")


def _figures(sample: Sample) -> dict[str, Any]:
    times = sample.milliseconds
    return {
        "p50_ms": round(percentile(times, 0.5)) if times else None,
        "p95_ms": round(percentile(times, 0.95)) if times else None,
        "served": len(times),
        "refused": sample.statuses.total() - len(times),
    }


if __name__ == "__main__":
    main()
