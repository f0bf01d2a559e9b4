"""Load the service with locust, headless, and fail if a pass mark is missed.

`load` measures text users at a steady rate, raises their number until it finds the knee, and
measures texts during a continuous transcription. `soak` runs all kinds of users for a long time and
checks that memory, file descriptors and threads do not grow. Both start the service themselves and
write HTML reports, JSON and a plot to the output folder.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from loadtests import plots
from loadtests.figures import (
    TEXT_P95_MS,
    LoadStep,
    PassMark,
    knee,
    max_load_within,
    soak_pass_marks,
    text_pass_marks,
)
from loadtests.machine import describe_machine
from loadtests.processes import ROOT, ServerProcess, Usage, serving
from loadtests.stage import AGGREGATED, run_stage, to_load_step

# Each user waits 1 s between texts. The pass mark is 1,000 texts per minute, so 25 leave a margin.
STEADY_USERS = 25
STEPS = (1, 2, 4, 8, 16, 32, 64)
JOURNALING = {"TextUser": 5, "BatchUser": 1, "JournalUser": 4}
_SAMPLE_SECONDS = 2.0
_console = Console(stderr=True)


@contextlib.contextmanager
def running_service(port: int, output: Path) -> Iterator[tuple[ServerProcess, str]]:
    """Run the service in a subprocess; yield it and its URL when it is ready."""
    host = f"http://127.0.0.1:{port}"
    variables = {"BENTOML_DO_NOT_TRACK": "True", "ORT_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, "-m", "samo", "serve", "--port", str(port)]
    with serving(command, output / "server.log", variables) as server:
        ready = server.wait_until_ready(f"{host}/readyz")
        _console.print(f"ready after {ready:.1f} s")
        yield server, host


@contextlib.contextmanager
def progress_bar(description: str, seconds: float) -> Iterator[None]:
    """Show a progress bar of `seconds` during the `with` block."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=_console
    ) as progress:
        task = progress.add_task(description, total=seconds)
        done = threading.Event()

        def tick() -> None:
            start = time.monotonic()
            while not done.wait(0.5):
                progress.update(task, completed=min(seconds, time.monotonic() - start))

        ticker = threading.Thread(target=tick)
        ticker.start()
        try:
            yield
        finally:
            done.set()
            ticker.join()
            progress.update(task, completed=seconds)


def load(args: argparse.Namespace) -> list[PassMark]:
    """Texts at a steady rate, at rising rates, and during a transcription."""
    output: Path = args.output
    with running_service(args.port, output) as (_, host):
        with progress_bar(f"{STEADY_USERS} text users", args.seconds):
            steady = run_stage("steady", host, {"TextUser": STEADY_USERS}, args.seconds, output)
        texts = steady["/predict"]
        steps = []
        for users in STEPS:
            with progress_bar(f"{users} texts in flight", args.step_seconds):
                stage = run_stage(
                    f"step-{users}",
                    host,
                    {"TextUser": users},
                    args.step_seconds,
                    output,
                    think_seconds=0,
                )
            steps.append(to_load_step(users, stage["/predict"]))
        during_transcription = {"TextUser": 5, "VoiceUser": 1}
        with progress_bar("5 text users during a transcription", args.seconds):
            mixed = run_stage("during-speech", host, during_transcription, args.seconds, output)
    plots.draw_steps(steps, output / "steps.svg")
    if args.plot:
        plots.draw_steps(steps, args.plot)
    _print_steps(steps)
    best = knee(steps)
    figures = {
        "text": asdict(texts),
        "knee": asdict(best),
        "steps": [asdict(step) for step in steps],
        "predict_beside_transcription": asdict(mixed["/predict"]),
        "transcriptions_beside": asdict(mixed["/transcribe/voice"]),
    }
    (output / "load.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    speech = mixed["/predict"]
    print(f"The knee: {best.users} in flight, {best.requests_per_second:.1f} requests per second.")
    if best_within := max_load_within(steps, TEXT_P95_MS):
        print(
            f"With a p95 of {TEXT_P95_MS:.0f} ms: {best_within.users} in flight, "
            f"{best_within.requests_per_second:.1f} per second."
        )
    print(
        f"/predict during a transcription: p50 {speech.p50_ms:.0f} ms, p95 {speech.p95_ms:.0f} ms."
    )
    return text_pass_marks(texts.requests, texts.failures, texts.seconds, texts.p95_ms)


def soak(args: argparse.Namespace) -> list[PassMark]:
    """Mixed load with speech for a long time, while the memory of the server is sampled."""
    output: Path = args.output
    samples: list[Usage] = []
    with running_service(args.port, output) as (server, host):
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_SAMPLE_SECONDS):
                samples.append(server.usage())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            with progress_bar("mixed load", args.seconds):
                mixed = run_stage(
                    "soak", host, {**JOURNALING, "VoiceUser": 1}, args.seconds, output
                )
        finally:
            done.set()
            watcher.join()
    total = mixed[AGGREGATED]
    plots.draw_soak(samples, _SAMPLE_SECONDS, output / "soak.svg")
    if args.plot:
        plots.draw_soak(samples, _SAMPLE_SECONDS, args.plot)
    (output / "soak.json").write_text(
        json.dumps({"requests": asdict(total), "samples": [asdict(s) for s in samples]}),
        encoding="utf-8",
    )
    print(f"{total.requests} requests, {total.failures} failures, {len(samples)} samples.")
    return [
        *soak_pass_marks(
            [sample.pss_mb for sample in samples],
            [sample.descriptors for sample in samples],
            [sample.threads for sample in samples],
        ),
        PassMark("errors, %", 100 * total.failures / max(1, total.requests), at_most=0.1),
    ]


def _print_steps(steps: list[LoadStep]) -> None:
    table = Table("in flight", "requests per second", "p50 ms", "p95 ms", "errors %")
    for step in steps:
        table.add_row(
            str(step.users),
            f"{step.requests_per_second:.1f}",
            f"{step.p50_ms:.0f}",
            f"{step.p95_ms:.0f}",
            f"{100 * step.error_share:.2f}",
        )
    Console().print(table)


def _print_pass_marks(marks: list[PassMark]) -> None:
    table = Table("pass mark", "measured", "bound", "passed")
    for mark in marks:
        table.add_row(mark.name, f"{mark.value:.2f}", mark.bound, "yes" if mark.passed else "NO")
    Console().print(table)


def main() -> None:
    """The command line; the exit code is 1 if a pass mark is missed."""
    parser = argparse.ArgumentParser(prog="python -m loadtests", description=__doc__)
    kinds = parser.add_subparsers(required=True)
    for name, test, seconds in (("load", load, 60.0), ("soak", soak, 600.0)):
        kind = kinds.add_parser(name, help=(test.__doc__ or "").rstrip("."))
        kind.add_argument("--seconds", type=float, default=seconds, help="length of a stage")
        kind.add_argument(
            "--step-seconds", type=float, default=10.0, help="length of a step of the rising load"
        )
        kind.add_argument("--port", type=int, default=3720)
        kind.add_argument("--output", type=Path, default=ROOT / "runs" / name)
        kind.add_argument("--plot", type=Path, help="a second file for the plot, an SVG")
        kind.set_defaults(test=test)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    os.environ["NO_PROXY"] = "127.0.0.1"
    marks: list[PassMark] = args.test(args)
    print(describe_machine())
    _print_pass_marks(marks)
    sys.exit(0 if all(mark.passed for mark in marks) else 1)


if __name__ == "__main__":
    main()
