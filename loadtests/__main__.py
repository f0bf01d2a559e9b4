"""Load the service with locust, headless, and fail where a mark is missed.

`load` holds text users at a steady rate, raises their number until the knee is found, and asks for
texts while a recording is always being transcribed. `soak` runs all kinds of users for long and
watches that memory, file descriptors and threads stay flat. Either starts the service itself and
leaves HTML reports, CSVs and a plot in the output folder.
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
from loadtests.figures import TEXT_P95_MS, Mark, Step, knee, most_within, soak_marks, text_marks
from loadtests.machine import describe_machine
from loadtests.processes import ROOT, Server, Usage, serving
from loadtests.stage import WHOLE, as_step, run_stage

# Each waits a second between two texts, and 1,000 a minute are asked for: some to spare.
STEADY_USERS = 25
STEPS = (1, 2, 4, 8, 16, 32, 64)
JOURNALING = {"TextUser": 5, "BatchUser": 1, "JournalUser": 4}
_SAMPLE_SECONDS = 2.0
_console = Console(stderr=True)


@contextlib.contextmanager
def served(port: int, output: Path) -> Iterator[tuple[Server, str]]:
    """The service in a subprocess, ready, with its address."""
    host = f"http://127.0.0.1:{port}"
    variables = {"BENTOML_DO_NOT_TRACK": "True", "ORT_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, "-m", "samo", "serve", "--port", str(port)]
    with serving(command, output / "server.log", variables) as server:
        ready = server.wait_until_ready(f"{host}/readyz")
        _console.print(f"ready after {ready:.1f} s")
        yield server, host


@contextlib.contextmanager
def shown(words: str, seconds: float) -> Iterator[None]:
    """A progress bar that runs for `seconds` beside a stage."""
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=_console
    ) as progress:
        task = progress.add_task(words, total=seconds)
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


def load(options: argparse.Namespace) -> list[Mark]:
    """Steady texts, rising texts, texts beside speech."""
    output: Path = options.output
    with served(options.port, output) as (_, host):
        with shown(f"{STEADY_USERS} text users", options.seconds):
            steady = run_stage("steady", host, {"TextUser": STEADY_USERS}, options.seconds, output)
        texts = steady["/predict"]
        steps = []
        for users in STEPS:
            with shown(f"{users} texts in flight", options.step_seconds):
                stage = run_stage(
                    f"step-{users}",
                    host,
                    {"TextUser": users},
                    options.step_seconds,
                    output,
                    think_seconds=0,
                )
            steps.append(as_step(users, stage["/predict"]))
        beside = {"TextUser": 5, "VoiceUser": 1}
        with shown("5 text users beside a transcription", options.seconds):
            mixed = run_stage("beside-speech", host, beside, options.seconds, output)
    plots.draw_steps(steps, output / "steps.svg")
    if options.plot:
        plots.draw_steps(steps, options.plot)
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
    print(f"The knee: {best.users} in flight, {best.requests_per_second:.1f} requests a second.")
    if most := most_within(steps, TEXT_P95_MS):
        rate = most.requests_per_second
        print(f"With a p95 of {TEXT_P95_MS:.0f} ms: {most.users} in flight, {rate:.1f} a second.")
    print(f"/predict beside a transcription: p50 {speech.p50_ms:.0f}, p95 {speech.p95_ms:.0f} ms.")
    return text_marks(texts.requests, texts.failures, texts.seconds, texts.p95_ms)


def soak(options: argparse.Namespace) -> list[Mark]:
    """A journaling mix with speech for long; what the server holds is sampled."""
    output: Path = options.output
    samples: list[Usage] = []
    with served(options.port, output) as (server, host):
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_SAMPLE_SECONDS):
                samples.append(server.usage())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            with shown("a journaling mix", options.seconds):
                mixed = run_stage(
                    "soak", host, {**JOURNALING, "VoiceUser": 1}, options.seconds, output
                )
        finally:
            done.set()
            watcher.join()
    whole = mixed[WHOLE]
    plots.draw_soak(samples, _SAMPLE_SECONDS, output / "soak.svg")
    if options.plot:
        plots.draw_soak(samples, _SAMPLE_SECONDS, options.plot)
    (output / "soak.json").write_text(
        json.dumps({"requests": asdict(whole), "samples": [asdict(s) for s in samples]}),
        encoding="utf-8",
    )
    print(f"{whole.requests} requests, {whole.failures} failures, {len(samples)} samples.")
    return [
        *soak_marks(
            [sample.pss_mb for sample in samples],
            [sample.descriptors for sample in samples],
            [sample.threads for sample in samples],
        ),
        Mark("errors, %", 100 * whole.failures / max(1, whole.requests), at_most=0.1),
    ]


def _print_steps(steps: list[Step]) -> None:
    table = Table("in flight", "requests a second", "p50 ms", "p95 ms", "errors %")
    for step in steps:
        table.add_row(
            str(step.users),
            f"{step.requests_per_second:.1f}",
            f"{step.p50_ms:.0f}",
            f"{step.p95_ms:.0f}",
            f"{100 * step.error_share:.2f}",
        )
    Console().print(table)


def _print_marks(marks: list[Mark]) -> None:
    table = Table("mark", "measured", "bound", "passed")
    for mark in marks:
        table.add_row(mark.name, f"{mark.value:.2f}", mark.bound, "yes" if mark.passed else "NO")
    Console().print(table)


def main() -> None:
    """The command line; the exit code is 1 where a mark is missed."""
    parser = argparse.ArgumentParser(prog="python -m loadtests", description=__doc__)
    kinds = parser.add_subparsers(required=True)
    for name, test, seconds in (("load", load, 60.0), ("soak", soak, 600.0)):
        kind = kinds.add_parser(name, help=(test.__doc__ or "").rstrip("."))
        kind.add_argument("--seconds", type=float, default=seconds, help="of a stage")
        kind.add_argument("--step-seconds", type=float, default=10.0, help="of a step to the knee")
        kind.add_argument("--port", type=int, default=3720)
        kind.add_argument("--output", type=Path, default=ROOT / "runs" / name)
        kind.add_argument("--plot", type=Path, help="where else to write the plot, an SVG")
        kind.set_defaults(test=test)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    os.environ["NO_PROXY"] = "127.0.0.1"
    marks: list[Mark] = options.test(options)
    print(describe_machine())
    _print_marks(marks)
    sys.exit(0 if all(mark.passed for mark in marks) else 1)


if __name__ == "__main__":
    main()
