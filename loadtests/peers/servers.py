"""The servers under comparison: command, request and response format."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loadtests.peers.model import BATCH_WAIT_SECONDS, MAX_BATCH
from loadtests.processes import ROOT

OURS = "SAMO"
CEILING = "onnxruntime in a loop"

_OURS, _PEERS, _INFINITY = (
    ROOT / venv / "bin" for venv in (".venv", ".venv-peers", ".venv-infinity")
)
_BATCHES = f"batches of {MAX_BATCH}, {BATCH_WAIT_SECONDS * 1000:.0f} ms wait"


@dataclass(frozen=True, slots=True)
class Peer:
    """A server.

    `command` starts it, with `{port}` replaced; `body` encodes a text as a request, and `scores`
    extracts the confidence by emotion from a response.
    """

    name: str
    command: tuple[str, ...]
    settings: str
    path: str = "/predict"
    ready_path: str | None = None
    body: Callable[[str], dict[str, Any]] = lambda text: {"text": text}
    scores: Callable[[Any], dict[str, float]] = lambda response: {
        emotion["emotion"]: emotion["confidence"] for emotion in response["emotions"]
    }

    @property
    def installed(self) -> bool:
        """True if its virtual environment exists."""
        return (ROOT / self.command[0]).is_file()

    def encode(self, text: str) -> bytes:
        """Return the body of a request."""
        return json.dumps(self.body(text)).encode()


def _module(name: str) -> tuple[str, ...]:
    return (str(_PEERS / "python"), "-m", f"loadtests.peers.{name}")


PEERS = (
    Peer(
        OURS,
        (str(_OURS / "python"), "-m", "samo", "serve", "--port", "{port}"),
        "as `make serve` starts it; all three models loaded",
        ready_path="/readyz",
    ),
    Peer("FastAPI", _module("fastapi_server"), "sync endpoint in its thread pool, one worker"),
    Peer(
        "BentoML",
        (
            str(_PEERS / "bentoml"), "serve", "loadtests.peers.bentoml_server:Emotions",
            "--port", "{port}",
        ),
        f"inner batchable service, batches of {MAX_BATCH}, runner_connection without limits",
    ),
    Peer("LitServe", _module("litserve_server"), f"{_BATCHES}, one worker, fast_queue"),
    Peer("Ray Serve", _module("ray_server"), f"@serve.batch, {_BATCHES}, one replica"),
    Peer(
        "infinity",
        (str(_INFINITY / "python"), "-m", "loadtests.peers.infinity_server"),
        f"classify, engine optimum, batches of {MAX_BATCH}",
        path="/classify",
        body=lambda text: {"model": "emotion", "input": [text]},
        scores=lambda response: {score["label"]: score["score"] for score in response["data"][0]},
    ),
)  # fmt: skip
