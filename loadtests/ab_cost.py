"""Measure what a second emotion model costs: memory, and the latency of the first one.

    python -m loadtests.ab_cost --model samo-emotion:VERSION

Three services run at the same time: without an experiment, in split mode and in shadow mode, where
all callers are compared. Each gets the same texts in turns: one request at a time with a pause, and
then several at once. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from loadtests.figures import percentile
from loadtests.machine import describe_machine
from loadtests.processes import ROOT, ServerProcess, serving
from loadtests.texts import sentences

_PAUSE_SECONDS: Final = 0.03
_AT_ONCE: Final = 16
_MODES: Final[dict[str, dict[str, str]]] = {
    "without": {},
    "split": {"SAMO_AB_MODE": "split"},
    "shadow": {"SAMO_AB_MODE": "shadow", "SAMO_AB_SHARE": "1"},
}


class _Service:
    """A service in one mode, and the latencies of its responses in milliseconds."""

    def __init__(self, process: ServerProcess, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=60)
        self.alone: list[float] = []
        self.at_once: list[float] = []
        self.ready_seconds = process.wait_until_ready(f"{url}/readyz", timeout_seconds=300)

    async def send(self, text: str) -> float:
        """Classify a text; return the milliseconds."""
        start = time.perf_counter()
        response = await self._client.post("/predict", json={"text": text})
        response.raise_for_status()
        return (time.perf_counter() - start) * 1000

    async def figures(self) -> dict[str, Any]:
        """The percentiles, the memory, and what became of the passages in shadow mode."""
        metrics = (await self._client.get("/metrics")).text
        # the services share the pages of their weights, so that the proportional size is too small
        memory = re.search(r"^process_resident_memory_bytes (\S+)$", metrics, re.MULTILINE)
        passages = re.findall(r'samo_ab_shadow_passages_total\{result="(\w+)"\} (\S+)', metrics)
        await self._client.aclose()
        return {
            "p50_ms": round(percentile(self.alone, 0.5), 1),
            "p95_ms": round(percentile(self.alone, 0.95), 1),
            "p50_at_once_ms": round(percentile(self.at_once, 0.5), 1),
            "p95_at_once_ms": round(percentile(self.at_once, 0.95), 1),
            "memory_mb": round(float(memory[1]) / 2**20) if memory else None,
            "ready_seconds": round(self.ready_seconds, 1),
            "passages": {result: int(float(count)) for result, count in passages},
        }


async def _measure(services: dict[str, _Service], rounds: int) -> dict[str, dict[str, Any]]:
    texts = sentences(rounds)
    for text in track(texts, "One at a time", console=Console(stderr=True)):
        for service in services.values():
            service.alone.append(await service.send(text))
            await asyncio.sleep(_PAUSE_SECONDS)  # in which b computes
    for start in track(range(0, rounds, _AT_ONCE), "At once", console=Console(stderr=True)):
        for service in services.values():
            some = texts[start : start + _AT_ONCE]
            service.at_once += await asyncio.gather(*(service.send(text) for text in some))
    return {mode: await service.figures() for mode, service in services.items()}


def main() -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", required=True, metavar="TAG", help="tag of variant b")
    parser.add_argument("--port", type=int, default=4310, help="the first of three")
    parser.add_argument("--rounds", type=int, default=400, help="texts for each service")
    args = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        services: dict[str, Any] = {}
        for mode, environment in _MODES.items():
            port = args.port + len(services)
            if environment:
                environment = {**environment, "SAMO_AB_MODEL": args.model}
            command = [sys.executable, "-m", "samo", "serve", "--port", str(port)]
            process = stack.enter_context(serving(command, folder / mode, environment, ROOT))
            services[mode] = _Service(process, f"http://127.0.0.1:{port}")
        figures = asyncio.run(_measure(services, args.rounds))
    names = list(figures["without"])
    table = Table("mode", *names)
    for mode, values in figures.items():
        table.add_row(mode, *(str(values[name]) for name in names))
    console = Console(stderr=True)
    console.print(describe_machine())
    console.print(table)
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
