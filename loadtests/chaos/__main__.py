"""Hold a steady load while faults are thrown; fail if a request is lost or answered wrongly.

The service runs with its real models and is started again when it dies, as Docker does. Faults come
one after the other, each at least once, in random order: kill -9, SIGTERM, SIGSTOP, each model
failing and slow, a burst, clients that leave, Redis stopped. Every response with status 200 is
compared with the one before the first fault. At the end every route must answer completely again.

The last line is one JSON object: requests sent, answered, degraded, refused, failed, wrong, lost,
and how often each fault was thrown. A request is lost if it gets no complete HTTP response. It is
sent again only if the server was killed while it was in flight, or if nothing listens after a kill
or a termination: `resent` counts that. The exit status is 1 if a request was lost or wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from loadtests.chaos.clients import Clients
from loadtests.chaos.faults import FAULTS, Chaos, Redis
from loadtests.chaos.faulty_server import FAULTS_VARIABLE
from loadtests.chaos.requests import steady_requests
from loadtests.chaos.supervisor import Supervisor
from loadtests.chaos.tally import Tally
from loadtests.machine import describe_machine
from loadtests.processes import ROOT

# Short waits and deadlines, so that faults of seconds exceed them.
SETTINGS: Final = {
    "SAMO_MAX_WAIT_SECONDS": "2",
    "SAMO_MAX_AUDIO_WAIT_SECONDS": "15",
    "SAMO_TRANSCRIPTION_DEADLINE_SECONDS": "40",
    "SAMO_EMOTION_DEADLINE_SECONDS": "3",
    "SAMO_SUMMARY_DEADLINE_SECONDS": "3",
    "SAMO_RATE_LIMIT": "100000/minute",
    "BENTOML_DO_NOT_TRACK": "True",
    "ORT_DISABLE_TELEMETRY": "1",
}
# Seconds between the requests of a client, by path; each path has one client.
PAUSES: Final = {
    "/predict": 0.1,
    "/summarize/text": 0.3,
    "/analyze/journal": 0.3,
    "/analyze/voice-journal": 1.0,
    "/v1/audio/transcriptions": 1.0,
}
REST_SECONDS: Final = 1.5
_console = Console(stderr=True)


async def run(args: argparse.Namespace, progress: Progress, bar: TaskID) -> dict[str, Any]:
    """Throw faults for the requested time; return the figures."""
    tally, thrown = Tally(), Counter[str]()
    requests = {request.path: request for request in steady_requests()}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = Redis(folder) if Redis.is_installed() else None
        environment = {**SETTINGS, FAULTS_VARIABLE: str(folder / "faults.json")}
        environment["SAMO_RUNNERS"] = args.runners
        if redis is not None:
            environment["SAMO_REDIS_URL"] = redis.url
            await redis.start()
            stack.push_async_callback(redis.stop)
        supervisor = Supervisor(args.port, args.output / "server.log", environment)
        await stack.enter_async_context(supervisor.running())
        clients = Clients(supervisor, tally)
        chaos = Chaos(clients, requests, folder / "faults.json", redis)
        await _ask_each_once(clients, chaos)  # the expected responses
        load = [
            asyncio.create_task(clients.repeat([requests[path]], pause))
            for path, pause in PAUSES.items()
        ]
        try:
            await _throw(chaos, args.seconds, args.seed, thrown, progress, bar)
        finally:
            for task in load:
                task.cancel()
            await asyncio.gather(*load, return_exceptions=True)
        await supervisor.wait_until_ready()
        progress.update(bar, description="without faults")
        before = tally.counts["answered"]
        await _ask_each_once(clients, chaos)
        if tally.counts["answered"] - before < len(requests):
            tally.add("wrong", "a route does not answer completely after the last fault")
    return {**tally.as_json(), **_figures(tally, supervisor), "faults": dict(thrown)}


def _figures(tally: Tally, supervisor: Supervisor) -> dict[str, Any]:
    for problem, count in tally.problems.most_common(20):
        _console.print(f"{count} × {problem}", markup=False)
    return {
        "starts": len(supervisor.exit_statuses),
        "outage_seconds": [
            round(one.end - one.start, 1) for one in supervisor.outages if one.end is not None
        ],
        "exit_statuses": sorted(set(supervisor.exit_statuses)),
        "passed": tally.passed,
    }


async def _ask_each_once(clients: Clients, chaos: Chaos) -> None:
    async with clients.open() as client:
        for request in chaos.requests.values():
            await clients.send(client, request)


async def _throw(
    chaos: Chaos,
    seconds: float,
    seed: int,
    thrown: Counter[str],
    progress: Progress,
    bar: TaskID,
) -> None:
    """Throw all faults in random order, again and again until the time is over."""
    order = random.Random(seed)  # noqa: S311  # an order, not a secret
    end = time.monotonic() + seconds
    while True:
        names = order.sample(list(FAULTS), len(FAULTS))
        for name in names:
            if time.monotonic() > end and all(thrown[fault] for fault in FAULTS):
                return
            progress.update(bar, description=name)
            if name != "Redis is gone" or chaos.redis is not None:
                await FAULTS[name](chaos)
            thrown[name] += 1
            progress.update(bar, completed=min(seconds, seconds - (end - time.monotonic())))
            await asyncio.sleep(REST_SECONDS)


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--seconds", type=float, default=300.0, help="how long; every fault is thrown at least once"
    )
    parser.add_argument("--port", type=int, default=3730)
    parser.add_argument("--seed", type=int, default=0, help="of the order of the faults")
    parser.add_argument(
        "--runners", choices=("real", "fake"), default="real", help="fake: without the models"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "runs" / "chaos")
    args = parser.parse_args()
    (args.output / "server.log").unlink(missing_ok=True)
    with Progress(
        TextColumn("{task.description:20}"), BarColumn(), TimeElapsedColumn(), console=_console
    ) as progress:
        figures = asyncio.run(run(args, progress, progress.add_task("start", total=args.seconds)))
    _console.print(describe_machine(), markup=False)
    print(json.dumps(figures))
    return 0 if figures["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
