"""Measure the steps of one /predict with the real models.

The first rows are single steps, in the order in which a request passes them. The last rows are
combinations, each of which contains the one before: the model, the model behind its batcher, the
application as the server calls it, and HTTP if `--url` is the URL of a running server. The
differences are the switch to the model's thread, the framework, and sockets with the client.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httptools
import numpy as np
import orjson
import pydantic_core
import uvloop
from httpx import AsyncClient
from rich.console import Console
from rich.progress import track
from rich.table import Table
from starlette.types import ASGIApp, Message

from exporting.store import model_folder
from loadtests.machine import describe_machine
from loadtests.texts import sentences
from runners.batching import Batcher
from runners.emotion.classifier import EmotionClassifier
from samo.api import schemas
from samo.settings import Settings

Step = tuple[str, Callable[[str], Any]]
_console = Console()


def _request(text: str) -> bytes:
    body = json.dumps({"text": text}).encode()
    head = "POST /predict HTTP/1.1\r\nhost: 127.0.0.1:3000\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


class _Sink:
    """Callbacks of httptools that do nothing."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Ignore a header."""

    def on_body(self, body: bytes) -> None:
        """Ignore a part of the body."""


def steps(model: EmotionClassifier) -> list[Step]:
    """Return the steps of a request that can be measured separately, in order."""
    ids = {text: model.prepare(text) for text in sentences(64)}
    rows = {text: model.predict([tokens])[0] for text, tokens in ids.items()}
    responses = {
        text: {
            "emotions": [
                {"emotion": emotion.name, "confidence": emotion.confidence}
                for emotion in model.calibration.decide(row)
            ],
            "inference_time": "20ms",
        }
        for text, row in rows.items()
    }
    bodies = {text: json.dumps({"text": text}).encode() for text in ids}
    requests = {text: _request(text) for text in ids}
    return [
        (
            "HTTP parse (httptools)",
            lambda t: httptools.HttpRequestParser(_Sink()).feed_data(requests[t]),
        ),
        ("JSON parse (pydantic_core)", lambda t: pydantic_core.from_json(bodies[t])),
        ("validate (pydantic)", lambda t: schemas.PredictRequest.model_validate({"text": t})),
        ("tokenize", model.prepare),
        ("infer (ONNX Runtime)", lambda t: model.predict([ids[t]])),
        ("decide", lambda t: model.calibration.decide(rows[t])),
        ("serialize (orjson)", lambda t: orjson.dumps(responses[t])),
    ]  # fmt: skip


def time_step(step: Callable[[str], Any], texts: list[str], repeats: int) -> float:
    """Return the median of a step in milliseconds over texts and repeats."""
    milliseconds = []
    for _ in range(repeats):
        for text in texts:
            start = time.perf_counter()
            step(text)
            milliseconds.append(time.perf_counter() - start)
    return statistics.median(milliseconds) * 1000


async def call(app: ASGIApp, text: str) -> None:
    """Send one /predict to an ASGI application. Raises `RuntimeError` if the status is not 200."""
    body = json.dumps({"text": text}).encode()
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": "/predict", "raw_path": b"/predict", "query_string": b"",
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 3000),
        "headers": [
            (b"host", b"127.0.0.1:3000"), (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
    }  # fmt: skip
    await app(scope, receive, send)
    if status != 200:
        raise RuntimeError(f"/predict returned {status}")


@asynccontextmanager
async def running_application() -> AsyncIterator[ASGIApp]:
    """Yield the service as an ASGI application, started and stopped by its lifespan."""
    from service import Samo  # here, because importing it reads the settings

    app: ASGIApp = Samo.to_asgi()
    started, ending = asyncio.Event(), asyncio.Event()

    async def receive() -> Message:
        if not started.is_set():
            return {"type": "lifespan.startup"}
        await ending.wait()
        return {"type": "lifespan.shutdown"}

    async def send(_message: Message) -> None:
        started.set()

    lifespan = asyncio.ensure_future(app({"type": "lifespan", "state": {}}, receive, send))
    await started.wait()
    yield app
    ending.set()
    await lifespan


async def time_combined(
    model: EmotionClassifier, texts: list[str], repeats: int, url: str | None
) -> list[tuple[str, float, float]]:
    """Return the combinations: name, median ms, median ms above the one before.

    They alternate text by text, so that other load on the machine affects all alike.
    """
    batcher = Batcher("emotion", model, max_batch_cost=1024, max_wait_seconds=60)
    async with running_application() as app, AsyncClient(trust_env=False) as client:

        async def model_only(text: str) -> None:
            model.predict([model.prepare(text)])

        async def batched(text: str) -> None:
            await batcher.run([text])

        async def over_http(text: str) -> None:
            (await client.post(str(url), json={"text": text})).raise_for_status()

        chain: list[tuple[str, Callable[[str], Awaitable[None]]]] = [
            ("model: tokenize and infer", model_only),
            ("with the batcher", batched),
            ("application, without sockets", lambda text: call(app, text)),
        ]
        if url:
            chain.append(("over HTTP, httpx as the client", over_http))
        milliseconds: list[list[float]] = []
        for text in track(texts * repeats, "combinations", console=Console(stderr=True)):
            row = []
            for _, step in chain:
                start = time.perf_counter()
                await step(text)
                row.append((time.perf_counter() - start) * 1000)
            milliseconds.append(row)
    batcher.close()
    columns = np.asarray(milliseconds)
    above = np.diff(columns, axis=1, prepend=0.0)
    return [
        (name, float(np.median(columns[:, n])), float(np.median(above[:, n])))
        for n, (name, _) in enumerate(chain)
    ]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.waterfall", description=__doc__)
    parser.add_argument(
        "--repeats", type=int, default=5, help="repeats of 64 sentences (default 5)"
    )
    parser.add_argument("--url", help="URL of /predict of a running server, measured last")
    args = parser.parse_args()
    model = EmotionClassifier.load(model_folder("samo-emotion"), threads=Settings().threads)
    model.warm_up()
    texts = sentences(64)
    gc.collect()
    measured = [
        (name, time_step(step, texts, args.repeats))
        for name, step in track(steps(model), "steps", console=Console(stderr=True))
    ]
    totals = uvloop.run(time_combined(model, texts, args.repeats, args.url))
    tokens = float(np.mean([len(model.prepare(text)) for text in texts]))
    table = Table("", "ms", "ms above", "", title=f"One /predict, {tokens:.0f} tokens, medians")
    largest = max(ms for _, ms, _ in totals)
    for name, ms in measured:
        table.add_row(name, f"{ms:.3f}", "", "█" * round(30 * ms / largest))
    table.add_section()
    for name, ms, above in totals:
        table.add_row(name, f"{ms:.3f}", f"{above:.3f}", "█" * round(30 * ms / largest))
    _console.print(table)
    _console.print(describe_machine())


if __name__ == "__main__":
    main()
