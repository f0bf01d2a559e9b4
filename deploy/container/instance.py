"""Run the image as Cloud Run would, and watch it: start, memory, stop."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.container.engine import Engine, EngineError, ulimits

CPUS: Final = 2
MEMORY: Final = "2g"
PORT: Final = 8080
# What Cloud Run sets for a service's containers:
# https://cloud.google.com/run/docs/container-contract#env-vars
CLOUD_RUN: Final = {
    "PORT": str(PORT),
    "K_SERVICE": "samo",
    "K_REVISION": "samo-00001-abc",
    "K_CONFIGURATION": "samo",
}
# Cloud Run sends SIGKILL that long after SIGTERM.
GRACE_SECONDS: Final = 10
START_SECONDS: Final = 240.0
CGROUPS: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Stopped:
    """How a container ended."""

    seconds: float
    exit_code: int


class Instance:
    """One container of the image.

    Args:
        engine: docker or podman.
        image: its name.
        network: an internal one of the engine.
        runtime: OCI runtime; the engine's own when None. gVisor's is `runsc`.

    """

    def __init__(self, engine: Engine, image: str, network: str, runtime: str | None) -> None:
        self._engine = engine
        self._calls: list[str] = []
        if runtime and engine.name == "podman":
            self._calls = ["--runtime", runtime]
            if Path(runtime).name == "runsc":
                # Limits are measured with the engine's own runtime. `host` is the container's
                # network here: Debian's gVisor does not take over the interfaces that podman made.
                self._calls += ["--runtime-flag", "ignore-cgroups"]
                self._calls += ["--runtime-flag", "network=host"]
        flags = ["--runtime", runtime] if runtime and engine.name == "docker" else []
        environment = [f"--env={name}={value}" for name, value in CLOUD_RUN.items()]
        self.id = self._ask(
            "create", *flags, *environment, *ulimits(), "--network", network,
            "--cpus", str(CPUS), "--memory", MEMORY, "--memory-swap", MEMORY,
            "--read-only", "--tmpfs", "/tmp",  # noqa: S108  # the container's
            "--cap-drop", "all", "--security-opt", "no-new-privileges", image,
        )  # fmt: skip
        self._network = network
        self.url = ""

    def start(self) -> float:
        """Start it and wait for /readyz; return the seconds from the order to the answer.

        Raises:
            EngineError: it ended, or was not ready after `START_SECONDS`.
        """
        start = time.monotonic()
        self._ask("start", self.id)
        address = self._inspect()["NetworkSettings"]["Networks"][self._network]["IPAddress"]
        self.url = f"http://{address}:{PORT}"
        while not self._is_ready():
            if time.monotonic() - start > START_SECONDS or not self._inspect()["State"]["Running"]:
                raise EngineError(f"not ready; its log ends with:\n{self.log()[-2000:]}")
            time.sleep(0.02)
        return time.monotonic() - start

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def peak_mib(self) -> float:
        """Most memory it ever held in MiB, with /tmp and the page cache that it filled."""
        return self._memory("memory.peak", "memory.max_usage_in_bytes") / 2**20

    def _memory(self, version_2: str, version_1: str) -> int:
        pid = self._inspect()["State"]["Pid"]
        for line in Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii").splitlines():
            _, controllers, path = line.split(":", 2)
            for file in (
                CGROUPS / path.lstrip("/") / version_2,
                CGROUPS / "memory" / path.lstrip("/") / version_1,
            ):
                if controllers in ("", "memory") and file.is_file():
                    return int(file.read_text(encoding="ascii"))
        raise EngineError("this system does not say how much memory a container took")

    def has_way_out(self) -> bool:
        """Whether its network has a default route."""
        routes = self._ask("exec", self.id, "cat", "/proc/net/route").splitlines()[1:]
        return any(line.split()[1] == "00000000" for line in routes)

    def can_write(self, path: str) -> bool:
        """Whether the service's user may make a file there."""
        try:
            self._ask("exec", self.id, "touch", path)
        except EngineError:
            return False
        return True

    def stop(self) -> Stopped:
        """Send SIGTERM, and SIGKILL after the grace that Cloud Run gives."""
        start = time.monotonic()
        self._ask("stop", "--time", str(GRACE_SECONDS), self.id)
        return Stopped(time.monotonic() - start, int(self._inspect()["State"]["ExitCode"]))

    def log(self) -> str:
        """What it wrote to its standard output and error."""
        return self._engine.ask("logs", self.id, merge=True)

    def remove(self) -> None:
        """Stop it at once and delete it."""
        self._ask("rm", "--force", self.id)

    def _inspect(self) -> dict[str, Any]:
        (described,) = json.loads(self._ask("inspect", self.id))
        return dict(described)

    def _ask(self, *arguments: str) -> str:
        return self._engine.ask(*self._calls, *arguments)


@contextmanager
def internal_network(engine: Engine, name: str) -> Iterator[str]:
    """A network that reaches this host and nothing else; deleted at the end."""
    engine.ask("network", "create", "--internal", name)
    try:
        yield name
    finally:
        engine.ask("network", "rm", "--force", name)
