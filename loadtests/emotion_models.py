"""Compare the service with the large and with the small emotion model: speed and memory.

    python -m loadtests.emotion_models [--rounds 3] [--seconds 6]

Both are started one after the other in each round, in alternating order, and classify the same
texts. The table has medians over the rounds. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import uvloop
from rich.console import Console
from rich.table import Table

from loadtests.client import Outcome, measure
from loadtests.machine import describe_machine
from loadtests.processes import ServerProcess, serving
from loadtests.texts import sentences
from samo.settings import EMOTION_MODELS

TEXTS: Final = 512
# Enough requests for full batches on two cores.
IN_FLIGHT: Final = 16
_console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Figures:
    """One model's figures in a round."""

    p50_ms: float
    """Of a request, with one in flight."""
    requests_per_second: float
    """With `IN_FLIGHT` in flight."""
    server_cpu_ms: float
    """CPU time per request, with `IN_FLIGHT` in flight."""
    memory_mb: float
    """PSS of all processes, all three models loaded."""
    ready_seconds: float


async def _measure(server: ServerProcess, host: str, seconds: float) -> Figures:
    ready = server.wait_until_ready(f"{host}/readyz")
    bodies = [json.dumps({"text": text}).encode() for text in sentences(TEXTS)]

    async def load(in_flight: int) -> Outcome:
        outcome = await measure(
            f"{host}/predict", bodies, in_flight, seconds=seconds, warm_up=seconds / 4
        )
        if outcome.errors:
            raise SystemExit(f"The service answered with errors: {outcome.errors}")
        return outcome

    single = await load(1)
    cpu = server.cpu_seconds()
    many = await load(IN_FLIGHT)
    cpu = server.cpu_seconds() - cpu
    return Figures(
        single.p50_ms,
        many.requests_per_second,
        cpu * 1000 / many.answered,
        server.usage().pss_mb,
        ready,
    )


def measure_model(model: str, port: int, seconds: float, output: Path) -> Figures:
    """Start the service with this emotion model and measure it."""
    variables = {"SAMO_EMOTION_MODEL": model, "SAMO_ALLOW_ANONYMOUS": "true"}
    command = [sys.executable, "-m", "samo", "serve", "--port", str(port)]
    with serving(command, output / f"server-{model}.log", variables) as server:
        return uvloop.run(_measure(server, f"http://127.0.0.1:{port}", seconds))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each load (default: 6)")
    parser.add_argument("--port", type=int, default=3100, help="port (default: 3100)")
    parser.add_argument("--output", type=Path, default=Path("runs/emotion-models"), help="for logs")
    args = parser.parse_args()
    rounds: dict[str, list[Figures]] = {model: [] for model in EMOTION_MODELS}
    for number in range(args.rounds):
        for model in list(rounds)[:: 1 if number % 2 == 0 else -1]:
            _console.print(f"round {number + 1}: {model}")
            rounds[model].append(measure_model(model, args.port, args.seconds, args.output))
    medians = {
        model: {
            name: round(statistics.median(asdict(one)[name] for one in figures), 1)
            for name in asdict(figures[0])
        }
        for model, figures in rounds.items()
    }
    table = Table("figure", *medians, title=describe_machine())
    for name in next(iter(medians.values())):
        table.add_row(name, *(str(figures[name]) for figures in medians.values()))
    _console.print(table)
    print(json.dumps(medians))


if __name__ == "__main__":
    main()
