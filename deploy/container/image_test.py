"""Run the image as Cloud Run would and measure it; the last line of the output is JSON.

    python -m deploy.container.image_test --image samo

Two CPUs, 2 GiB, a read-only root, no capabilities, a network without a way out. Exit status 1 when
an answer was wrong or missing, or a figure is above its limit; 2 when the engine could not do its
part, so that nothing is known of the image.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from deploy.cloudrun.smoke_test import CHECKS, Service, WrongAnswer
from deploy.container.engine import Engine, EngineError, find_engine
from deploy.container.instance import GRACE_SECONDS, Instance, internal_network
from deploy.container.load import InFlight, Tally, mixed_load

# Figures that must not be exceeded; the seconds hold on a machine that does nothing else.
LIMITS: Final = {"image_mb": 900.0, "peak_mib": 1024.0, "stop_s": GRACE_SECONDS}
TIMINGS: Final = {"ready_s": 4.0}
STARTS: Final = 3
STRUCTURE_TEST: Final = Path(sys.executable).with_name("container-structure-test")
HERE: Final = Path(__file__).parent
console = Console(stderr=True)


class ImageTest:
    """The test of one image: each step adds its figures, and what it found wrong.

    Args:
        engine: docker or podman.
        image: its name.
        network: an internal one.
        seconds: of mixed load.
        limits: of figures, by name.

    """

    def __init__(
        self,
        engine: Engine,
        image: str,
        network: str,
        seconds: float,
        limits: Mapping[str, float],
    ) -> None:
        self.engine, self.image, self.network, self.seconds = engine, image, network, seconds
        self.limits = limits
        self.figures: dict[str, Any] = {}
        self.complaints: list[str] = []
        self.obstacles: list[str] = []

    @contextmanager
    def instance(self, runtime: str | None = None) -> Iterator[Instance]:
        """A container that is deleted at the end."""
        container = Instance(self.engine, self.image, self.network, runtime)
        try:
            yield container
        finally:
            container.remove()

    def structure(self) -> None:
        """Files and metadata, by container-structure-test."""
        size = int(self.engine.ask("inspect", "--type", "image", "--format={{.Size}}", self.image))
        self.figures["image_mb"] = round(size / 1e6, 1)
        with self.engine.docker_api() as address:
            done = subprocess.run(
                [str(STRUCTURE_TEST), "test", f"--image={self.image}", "--no-color",
                 f"--config={HERE / 'structure-test.yaml'}"],
                env={**os.environ, **address}, capture_output=True, text=True, check=False,
            )  # fmt: skip
        if done.returncode != 0:
            self.complaints.append(f"structure: {done.stdout[-3000:]}{done.stderr[-1000:]}")

    def starts(self) -> None:
        """Time from the order to start to /readyz, several times."""
        seconds = []
        for _ in range(STARTS):
            with self.instance() as container:
                seconds.append(container.start())
        self.figures["ready_s"] = round(statistics.median(seconds), 2)
        self.figures["starts_s"] = [round(value, 2) for value in seconds]

    def behaviour(self) -> None:
        """Right answers, memory over a mixed load, and SIGTERM in the middle of requests."""
        with self.instance() as container:
            container.start()
            if container.has_way_out():
                self.complaints.append("its network has a way out: downloads would go unnoticed")
            if container.can_write("/bento/x") or container.can_write("/x"):
                self.complaints.append("its root can be written")
            self.smoke(container)
            tally = mixed_load(container.url, self.seconds)
            self.figures["peak_mib"] = round(container.peak_mib(), 1)
            self.figures["p50_s"] = {
                path: round(statistics.median(seconds), 3)
                for path, seconds in sorted(tally.seconds.items())
            }
            self.count(tally)
            requests = InFlight(container.url)
            time.sleep(0.3)  # until they are with the models
            stopped = container.stop()
            self.count(requests.finish())
            self.figures["stop_s"] = round(stopped.seconds, 2)
            if stopped.exit_code != 0:
                self.complaints.append(f"exit status {stopped.exit_code} after SIGTERM")

    def gvisor(self) -> None:
        """Right answers under gVisor, where it is installed."""
        runsc = shutil.which("runsc")
        if runsc is None:
            self.figures["gvisor"] = "not installed"
            return
        with self.instance(runsc) as container:
            container.start()
            self.smoke(container)
        self.figures["gvisor"] = "ok"

    def smoke(self, container: Instance) -> None:
        """Ask what a deployed revision is asked."""
        service = Service(container.url, token=None, timeout=120.0)
        for check in CHECKS:
            try:
                check(service)
            except WrongAnswer as wrong:
                self.complaints.append(f"{check.__name__}: {wrong}")

    def count(self, tally: Tally) -> None:
        """Add what was sent and what failed."""
        self.figures["requests"] = self.figures.get("requests", 0) + tally.requests
        self.figures["refused"] = self.figures.get("refused", 0) + tally.refused
        self.figures["failed"] = self.figures.get("failed", 0) + len(tally.failures)
        self.complaints += tally.failures

    def run(self) -> int:
        """Go through all steps; return the exit status."""
        steps: list[tuple[str, Callable[[], None]]] = [
            ("structure", self.structure),
            (f"{STARTS} starts", self.starts),
            (f"answers, {self.seconds:.0f} s of load, SIGTERM", self.behaviour),
            ("gVisor", self.gvisor),
        ]
        columns = (*Progress.get_default_columns()[:2], TimeElapsedColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=len(steps))
            for name, step in steps:
                progress.update(task, description=name)
                start = time.monotonic()
                try:
                    step()
                except EngineError as error:
                    self.obstacles.append(f"{name}: {error}")
                console.print(f"{name}: {time.monotonic() - start:.1f} s")
                progress.advance(task)
        for name, limit in self.limits.items():
            if name not in self.figures:
                self.obstacles.append(f"{name} was not measured")
            elif self.figures[name] > limit:
                self.complaints.append(f"{name} is {self.figures[name]}, above {limit}")
        for complaint in self.complaints + self.obstacles:
            console.print(complaint, style="red", markup=False)
        return 1 if self.complaints else 2 if self.obstacles else 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Run the image as Cloud Run would and measure it; ends with a line of JSON."
    )
    parser.add_argument("--image", default="samo", help="its name (samo)")
    parser.add_argument(
        "--engine", choices=("docker", "podman"), default=os.environ.get("CONTAINER_ENGINE"),
        help="default: $CONTAINER_ENGINE, or the first of the two that works",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=60.0, help="of mixed load (60)")
    parser.add_argument(
        "--no-timings", action="store_true",
        help="print how soon it is ready, but do not judge: for machines that do other things",
    )  # fmt: skip
    arguments = parser.parse_args()
    limits = LIMITS if arguments.no_timings else LIMITS | TIMINGS
    try:
        engine = find_engine(arguments.engine, ("docker", "podman"))
        with internal_network(engine, f"samo-test-{os.getpid()}") as network:
            test = ImageTest(engine, arguments.image, network, arguments.seconds, limits)
            status = test.run()
    except EngineError as error:
        console.print(str(error), style="red", markup=False)
        return 2
    print(json.dumps(test.figures))
    return status


if __name__ == "__main__":
    sys.exit(main())
