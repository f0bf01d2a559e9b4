"""Measure a server's cells, the ceiling, and a recording with and without a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from loadtests.peers.bare_whisper import LANGUAGE
from loadtests.peers.model import FOLDER_VARIABLE, PORT_VARIABLE, THREADS_VARIABLE
from loadtests.peers.servers import CEILING, Peer
from loadtests.peers.table import Cell, Start
from loadtests.processes import ROOT, ServerProcess, serving

# Predictions of the same text differ because int8 rounds differently in another batch.
TOLERANCE = 0.05


class WrongPredictionError(RuntimeError):
    """A server's prediction differs from the model's."""


def environment(folder: Path, threads: int, port: int = 0) -> dict[str, str]:
    """Return variables for the peers, including those that disable telemetry."""
    return {
        FOLDER_VARIABLE: str(folder),
        THREADS_VARIABLE: str(threads),
        PORT_VARIABLE: str(port),
        "BENTOML_DO_NOT_TRACK": "True",
        "ORT_DISABLE_TELEMETRY": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",  # it would write a token into the home folder
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(ROOT),
    }


def _printed_json(module: str, *args: str, variables: dict[str, str]) -> Any:
    """Run a module of this project and parse the JSON line that it prints last."""
    done = subprocess.run(  # noqa: S603  # modules of this project
        [sys.executable, "-m", module, *args],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{module} failed: {reason}")
    return json.loads(done.stdout.splitlines()[-1])


def bodies_file(peer: Peer, texts: Sequence[str], folder: Path) -> Path:
    """Write one request body per line; the client sends them cyclically."""
    path = folder / f"{peer.name.replace(' ', '-')}-{len(texts)}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(map(peer.encode, texts)))
    return path


def ceiling(number: int, texts: Path, folder: Path, threads: int, seconds: float) -> list[Cell]:
    """Return the best result of `loadtests.peers.ceiling` at 1 and at 64 texts in flight."""
    runs = _printed_json(
        "loadtests.peers.ceiling",
        *("--bodies", str(texts), "--seconds", str(seconds)),
        variables=environment(folder, threads),
    )
    cells = []
    for in_flight, best in (
        (1, min((r for r in runs if r["in_flight"] == 1), key=lambda run: run["p50_ms"])),
        (64, max((r for r in runs if r["in_flight"] == 64), key=lambda r: r["texts_per_second"])),
    ):
        cells.append(
            Cell(
                peer=CEILING,
                round=number,
                concurrency=in_flight,
                requests_per_second=best["texts_per_second"],
                p50_ms=best["p50_ms"],
                p95_ms=best["p95_ms"],
                cpu_ms=best["cpu_ms"],
                client_cpu_ms=0.0,
                errors=0,
                note=f"batches of {best['batch']}, loops: {best['loops']}, threads in each: "
                f"{best['threads']}, spinning {'on' if best['spinning'] else 'off'}",
            )
        )
    return cells


def check_predictions(peer: Peer, url: str, expected: dict[str, dict[str, float]]) -> None:
    """Compare a few predictions with the model's. Raises `WrongPredictionError`."""
    for text, scores in expected.items():
        response = httpx.post(
            url,
            content=peer.encode(text),
            headers={"content-type": "application/json"},
            timeout=60,
            trust_env=False,
        )
        if response.status_code != 200:
            raise WrongPredictionError(f"{peer.name}: {response.status_code} {response.text[:500]}")
        predicted = peer.scores(response.json())
        wrong = {
            name: (score, predicted.get(name))
            for name, score in scores.items()
            if abs(predicted.get(name, -1.0) - score) > TOLERANCE
        }
        if wrong:
            raise WrongPredictionError(f"{peer.name} on {text!r}: {wrong} (expected, predicted)")


def measure_server(
    peer: Peer,
    number: int,
    port: int,
    *,
    texts: Sequence[str],
    expected: dict[str, dict[str, float]],
    concurrencies: Sequence[int],
    seconds: float,
    variables: dict[str, str],
    work: Path,
    on_cell: Callable[[Cell], None],
    at_end: Callable[[ServerProcess, str], float] | None = None,
) -> tuple[Start, float | None]:
    """Start a server, load it at each concurrency, stop it.

    At 1 in flight only the first 64 texts are sent, as in the ceiling, so that both medians are
    over the same texts. `at_end` takes another measurement before the server stops.
    """
    command = [part.format(port=port) for part in peer.command]
    base = f"http://127.0.0.1:{port}"
    log = work / f"{peer.name.replace(' ', '-')}.log"
    with serving(command, log, variables) as server:
        body = None if peer.ready_path else peer.encode(texts[0])
        ready = server.wait_until_ready(
            base + (peer.ready_path or peer.path), body, timeout_seconds=180
        )
        check_predictions(peer, base + peer.path, expected)
        for concurrency in concurrencies:
            sent = bodies_file(peer, texts[:64] if concurrency == 1 else texts, work)
            before = server.cpu_seconds()
            outcome = _printed_json(
                "loadtests.client",
                *(base + peer.path, "--bodies", str(sent), "--concurrency", str(concurrency)),
                *("--seconds", str(seconds)),
                variables={},
            )
            cpu = server.cpu_seconds() - before
            on_cell(
                Cell(
                    peer=peer.name,
                    round=number,
                    concurrency=concurrency,
                    requests_per_second=outcome["requests_per_second"],
                    p50_ms=outcome["p50_ms"],
                    p95_ms=outcome["p95_ms"],
                    cpu_ms=cpu * 1000 / max(1, outcome["answered"]),
                    client_cpu_ms=outcome["client_cpu_ms"],
                    errors=sum(outcome["errors"].values()),
                    note=json.dumps(outcome["errors"]) if outcome["errors"] else "",
                )
            )
        extra = at_end(server, base) if at_end else None
        return Start(peer.name, number, ready, server.usage().pss_mb), extra


def voice_seconds(base: str, recording: Path, repeats: int) -> list[float]:
    """Return the seconds of /transcribe/voice for a recording, after one request for warm-up."""
    seconds = []
    data = recording.read_bytes()
    with httpx.Client(base_url=base, timeout=600, trust_env=False) as client:
        for _ in range(repeats + 1):
            start = time.perf_counter()
            response = client.post(
                "/transcribe/voice",
                files={"audio_file": (recording.name, data)},
                data={"language": LANGUAGE},
            )
            response.raise_for_status()
            seconds.append(time.perf_counter() - start)
    return seconds[1:]


def bare_seconds(recording: Path, folder: Path, threads: int, repeats: int) -> list[float]:
    """Return the seconds of faster-whisper without a server, after one run for warm-up."""
    printed = _printed_json(
        "loadtests.peers.bare_whisper",
        *(str(recording), "--repeats", str(repeats)),
        variables=environment(folder, threads),
    )
    return list(printed["seconds"])


def use_all_models(base: str, recording: Path) -> None:
    """Send one spoken entry, which uses all three models."""
    with httpx.Client(base_url=base, timeout=600, trust_env=False) as client:
        client.post(
            "/analyze/voice-journal", files={"audio_file": recording.read_bytes()}
        ).raise_for_status()


def warm_page_cache(*folders: Path) -> None:
    """Read the models' files once, so that no server waits for the disk at start."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                path.read_bytes()
