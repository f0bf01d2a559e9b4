"""Where the time of one /predict goes, step by step, with the real models and no network.

The first rows are steps by themselves, in the order in which a request meets them. The last rows
are longer and longer wholes: the model, the model behind its batcher, the application as the
server calls it, and over HTTP where `--url` names a running server. What a whole takes above the
one before is the hop to the model's thread, then the framework, then sockets and client.
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
    """What httptools calls back; it only has to be there."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""

    def on_body(self, body: bytes) -> None:
        """A part of the body."""


def steps(model: EmotionClassifier) -> list[Step]:
    """The steps of a request that can be run by themselves, in their order."""
    ids = {text: model.prepare(text) for text in sentences(64)}
    rows = {text: model.predict([tokens])[0] for text, tokens in ids.items()}
    answers = {
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
        ("serialize (orjson)", lambda t: orjson.dumps(answers[t])),
    ]  # fmt: skip


def time_step(step: Callable[[str], Any], texts: list[str], repeats: int) -> float:
    """Median milliseconds of a step over texts and repeats."""
    taken = []
    for _ in range(repeats):
        for text in texts:
            start = time.perf_counter()
            step(text)
            taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


async def call(app: ASGIApp, text: str) -> None:
    """One /predict through an ASGI application, as the server calls it. Raises unless 200."""
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
        raise RuntimeError(f"/predict answered {status}")


@asynccontextmanager
async def running_application() -> AsyncIterator[ASGIApp]:
    """The service as an ASGI application, started and in the end stopped by its lifespan."""
    from service import Samo  # here: importing it reads the settings

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


async def wholes(
    model: EmotionClassifier, texts: list[str], repeats: int, url: str | None
) -> list[tuple[str, float, float]]:
    """Longer and longer wholes: name, median ms, median ms above the one before.

    They alternate text by text, so that a busy machine does not come between them.
    """
    batcher = Batcher("emotion", model, max_batch_cost=1024, max_wait_seconds=60)
    async with running_application() as app, AsyncClient(trust_env=False) as client:

        async def model_alone(text: str) -> None:
            model.predict([model.prepare(text)])

        async def batched(text: str) -> None:
            await batcher.run([text])

        async def over_http(text: str) -> None:
            (await client.post(str(url), json={"text": text})).raise_for_status()

        chain: list[tuple[str, Callable[[str], Awaitable[None]]]] = [
            ("the model: tokenize and infer", model_alone),
            ("behind the batcher", batched),
            ("the application, no sockets", lambda text: call(app, text)),
        ]
        if url:
            chain.append(("over HTTP, httpx as the client", over_http))
        taken: list[list[float]] = []
        for text in track(texts * repeats, "wholes", console=Console(stderr=True)):
            row = []
            for _, step in chain:
                start = time.perf_counter()
                await step(text)
                row.append((time.perf_counter() - start) * 1000)
            taken.append(row)
    batcher.close()
    columns = np.asarray(taken)
    above = np.diff(columns, axis=1, prepend=0.0)
    return [
        (name, float(np.median(columns[:, n])), float(np.median(above[:, n])))
        for n, (name, _) in enumerate(chain)
    ]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.waterfall", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="of 64 sentences (default 5)")
    parser.add_argument("--url", help="/predict of a running server, measured last")
    options = parser.parse_args()
    model = EmotionClassifier.load(model_folder("samo-emotion"), threads=Settings().threads)
    model.warm_up()
    texts = sentences(64)
    gc.collect()
    measured = [
        (name, time_step(step, texts, options.repeats))
        for name, step in track(steps(model), "steps", console=Console(stderr=True))
    ]
    totals = uvloop.run(wholes(model, texts, options.repeats, options.url))
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
