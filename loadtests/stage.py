"""One stage of a load test: locust in a subprocess, headless, and its figures.

It needs a subprocess because locust patches the standard library (gevent) when it is imported.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

from loadtests.figures import LoadStep, percentile
from loadtests.processes import ROOT

AGGREGATED = "Aggregated"


@dataclass(frozen=True, slots=True)
class RouteFigures:
    """Figures of one route, or of all routes together ("Aggregated")."""

    requests: int
    failures: int
    seconds: float
    p50_ms: float
    p95_ms: float


class StageFailed(RuntimeError):
    """Locust failed, or wrote no figures."""


def read_figures(entries: Iterable[dict[str, Any]], seconds: float) -> dict[str, RouteFigures]:
    """Read the entries of locust's JSON file, by route, and the sum of all as "Aggregated".

    `seconds` is how long the users ran. Locust's clock starts at the first response, so its
    duration only counts if it is longer, because of responses after the end. Locust rounds
    response times, above 100 ms to tens.
    """
    by_route = {entry["name"]: entry for entry in entries}
    times: Counter[float] = Counter()
    for entry in by_route.values():
        times.update({float(ms): count for ms, count in entry["response_times"].items()})
    figures = {name: _figures(entry, seconds) for name, entry in by_route.items()}
    if by_route:
        figures[AGGREGATED] = _figures(
            {
                "num_requests": sum(entry["num_requests"] for entry in by_route.values()),
                "num_failures": sum(entry["num_failures"] for entry in by_route.values()),
                "start_time": min(entry["start_time"] for entry in by_route.values()),
                "last_request_timestamp": max(
                    entry["last_request_timestamp"] or entry["start_time"]
                    for entry in by_route.values()
                ),
                "response_times": times,
            },
            seconds,
        )
    return figures


def _figures(entry: Mapping[str, Any], seconds: float) -> RouteFigures:
    times = [float(ms) for ms, count in entry["response_times"].items() for _ in range(count)]
    p50, p95 = (percentile(times, share) if times else nan for share in (0.5, 0.95))
    last = entry["last_request_timestamp"] or entry["start_time"]
    return RouteFigures(
        entry["num_requests"],
        entry["num_failures"],
        max(seconds, last - entry["start_time"]),
        p50,
        p95,
    )


def run_stage(
    name: str,
    host: str,
    users: dict[str, int],
    seconds: float,
    output: Path,
    *,
    think_seconds: float = 1.0,
) -> dict[str, RouteFigures]:
    """Run `users`, a number for each user class, for `seconds`.

    Writes `name.html`, `name.json` and `name.log` to `output`. Raises `StageFailed`.
    """
    command = [
        sys.executable, "-m", "locust", *users, "-f", "loadtests/locustfile.py", "--headless",
        "--host", host, "--users", str(sum(users.values())), "--spawn-rate", "50",
        "--run-time", f"{max(1, round(seconds))}s", "--stop-timeout", "30", "--only-summary",
        "--think-seconds", str(think_seconds), "--exit-code-on-error", "0",
        "--json-file", str(output / name), "--html", str(output / f"{name}.html"),
        "--config-users", *_fixed_counts(users),
    ]  # fmt: skip
    log, counted = output / f"{name}.log", output / f"{name}.json"
    counted.unlink(missing_ok=True)
    with log.open("wb") as file:
        done = subprocess.run(  # noqa: S603  # a command of this project
            command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode or not counted.is_file():
        raise StageFailed(f"stage {name} failed: see {log}")
    entries = json.loads(counted.read_text(encoding="utf-8"))
    return defaultdict(lambda: _NOTHING, read_figures(entries, seconds))


_NOTHING = RouteFigures(0, 0, 0.0, nan, nan)


def _fixed_counts(users: dict[str, int]) -> list[str]:
    return [f'{{"user_class_name": "{name}", "fixed_count": {n}}}' for name, n in users.items()]


def to_load_step(users: int, figures: RouteFigures) -> LoadStep:
    """Return a stage's figures as a step of a rising load; failures do not count as throughput."""
    good = figures.requests - figures.failures
    return LoadStep(
        users,
        good / figures.seconds if figures.seconds else 0.0,
        figures.p50_ms,
        figures.p95_ms,
        figures.failures / figures.requests if figures.requests else 1.0,
    )
