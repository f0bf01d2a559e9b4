"""Run the image as Cloud Run does and measure it; the last line of the output is JSON.

    python -m deploy.container.image_test --image samo

Two CPUs, 2 GiB, a read-only root, no capabilities, a network without a default route. Exit status
1: a response was wrong or missing, or a figure is above its limit; 2: the engine failed, so that
the image was not tested.
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

from deploy.cloudrun.smoke_test import CHECKS, CheckFailed, ServiceClient
from deploy.container.engine import Engine, EngineError, find_engine
from deploy.container.instance import GRACE_SECONDS, ContainerInstance, internal_network
from deploy.container.load import InFlight, LoadResult, mixed_load

# Upper bounds of figures. TIMINGS apply only on a machine without other load.
LIMITS: Final = {"image_mb": 900.0, "peak_mib": 1024.0, "stop_s": GRACE_SECONDS}
TIMINGS: Final = {"ready_s": 4.0}
STARTS: Final = 3
STRUCTURE_TEST: Final = Path(sys.executable).with_name("container-structure-test")
HERE: Final = Path(__file__).parent
console = Console(stderr=True)


class ImageTest:
    """The test of one image. Each step adds its figures and failures.

    Args:
        engine: docker or podman.
        image: name of the image.
        network: name of an internal network.
        seconds: duration of the mixed load.
        limits: upper bounds of figures, by name.

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
        self.failures: list[str] = []
        self.engine_errors: list[str] = []

    @contextmanager
    def instance(
        self, runtime: str | None = None, *, anonymous: bool = True
    ) -> Iterator[ContainerInstance]:
        """Create a container; delete it at the end."""
        container = ContainerInstance(
            self.engine, self.image, self.network, runtime, anonymous=anonymous
        )
        try:
            yield container
        finally:
            container.remove()

    def structure(self) -> None:
        """Check files and metadata with container-structure-test."""
        size = int(self.engine.run("inspect", "--type", "image", "--format={{.Size}}", self.image))
        self.figures["image_mb"] = round(size / 1e6, 1)
        with self.engine.docker_api() as address:
            done = subprocess.run(
                [str(STRUCTURE_TEST), "test", f"--image={self.image}", "--no-color",
                 f"--config={HERE / 'structure-test.yaml'}"],
                env={**os.environ, **address}, capture_output=True, text=True, check=False,
            )  # fmt: skip
        if done.returncode != 0:
            self.failures.append(f"structure: {done.stdout[-3000:]}{done.stderr[-1000:]}")

    def without_keys(self) -> None:
        """Check that the container does not start if nothing decides who may call."""
        with self.instance(anonymous=False) as container:
            status = container.run_to_end()
            if status != 1 or "There are no API keys" not in container.log():
                self.failures.append(
                    f"without API keys: exit status {status}, {container.log()[-1000:]}"
                )

    def starts(self) -> None:
        """Measure the time from `start` to /readyz, several times."""
        seconds = []
        for _ in range(STARTS):
            with self.instance() as container:
                seconds.append(container.start())
        self.figures["ready_s"] = round(statistics.median(seconds), 2)
        self.figures["starts_s"] = [round(value, 2) for value in seconds]

    def behaviour(self) -> None:
        """Check responses, memory under a mixed load, and SIGTERM during requests."""
        with self.instance() as container:
            container.start()
            if container.has_default_route():
                self.failures.append(
                    "the network has a default route, so downloads would not be noticed"
                )
            if container.can_write("/bento/x") or container.can_write("/x"):
                self.failures.append("the root file system is writable")
            self.smoke(container)
            result = mixed_load(container.url, self.seconds)
            self.figures["peak_mib"] = round(container.peak_mib(), 1)
            self.figures["p50_s"] = {
                path: round(statistics.median(seconds), 3)
                for path, seconds in sorted(result.seconds.items())
            }
            self.count(result)
            requests = InFlight(container.url)
            time.sleep(0.3)  # until the models compute them
            stopped = container.stop()
            self.count(requests.finish())
            self.figures["stop_s"] = round(stopped.seconds, 2)
            if stopped.exit_code != 0:
                self.failures.append(f"exit status {stopped.exit_code} after SIGTERM")

    def gvisor(self) -> None:
        """Check responses under gVisor, if it is installed."""
        runsc = shutil.which("runsc")
        if runsc is None:
            self.figures["gvisor"] = "not installed"
            return
        with self.instance(runsc) as container:
            container.start()
            self.smoke(container)
        self.figures["gvisor"] = "ok"

    def smoke(self, container: ContainerInstance) -> None:
        """Run the smoke test of deployed revisions."""
        service = ServiceClient(container.url, token=None, timeout=120.0)
        for check in CHECKS:
            try:
                check(service)
            except CheckFailed as error:
                self.failures.append(f"{check.__name__}: {error}")

    def count(self, result: LoadResult) -> None:
        """Add the requests and failures of a load."""
        self.figures["requests"] = self.figures.get("requests", 0) + result.requests
        self.figures["refused"] = self.figures.get("refused", 0) + result.refused
        self.figures["failed"] = self.figures.get("failed", 0) + len(result.failures)
        self.failures += result.failures

    def run(self) -> int:
        """Run all steps; return the exit status."""
        steps: list[tuple[str, Callable[[], None]]] = [
            ("structure", self.structure),
            ("no start without API keys", self.without_keys),
            (f"{STARTS} starts", self.starts),
            (f"responses, {self.seconds:.0f} s of load, SIGTERM", self.behaviour),
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
                    self.engine_errors.append(f"{name}: {error}")
                console.print(f"{name}: {time.monotonic() - start:.1f} s")
                progress.advance(task)
        for name, limit in self.limits.items():
            if name not in self.figures:
                self.engine_errors.append(f"{name} was not measured")
            elif self.figures[name] > limit:
                self.failures.append(f"{name} is {self.figures[name]}, above {limit}")
        for message in self.failures + self.engine_errors:
            console.print(message, style="red", markup=False)
        return 1 if self.failures else 2 if self.engine_errors else 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Run the image as Cloud Run does and measure it; ends with a line of JSON."
    )
    parser.add_argument("--image", default="samo", help="name of the image (default: samo)")
    parser.add_argument(
        "--engine", choices=("docker", "podman"), default=os.environ.get("CONTAINER_ENGINE"),
        help="default: $CONTAINER_ENGINE, or the first available of the two",
    )  # fmt: skip
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="duration of the mixed load (default: 60)"
    )
    parser.add_argument(
        "--no-timings", action="store_true",
        help="print the time to readiness without a limit, for machines with other load",
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
