"""Run the image as Cloud Run does, and observe its start, memory and end."""

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
# Variables that Cloud Run sets for a service's containers:
# https://cloud.google.com/run/docs/container-contract#env-vars
CLOUD_RUN: Final = {
    "PORT": str(PORT),
    "K_SERVICE": "samo",
    "K_REVISION": "samo-00001-abc",
    "K_CONFIGURATION": "samo",
}
# Time between SIGTERM and SIGKILL on Cloud Run.
GRACE_SECONDS: Final = 10
START_SECONDS: Final = 240.0
CGROUPS: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class ContainerExit:
    """How a container ended."""

    seconds: float
    exit_code: int


class ContainerInstance:
    """One container of the image.

    Args:
        engine: docker or podman.
        image: name of the image.
        network: name of an internal network of the engine.
        runtime: OCI runtime, such as gVisor's `runsc`; None for the engine's default.
        anonymous: whether it serves without API keys; if not, it has none and must not start.

    """

    def __init__(
        self,
        engine: Engine,
        image: str,
        network: str,
        runtime: str | None,
        *,
        anonymous: bool = True,
    ) -> None:
        self._engine = engine
        self._global_flags: list[str] = []
        if runtime and engine.name == "podman":
            self._global_flags = ["--runtime", runtime]
            if Path(runtime).name == "runsc":
                # Limits are measured with the default runtime. `host` is the container's network
                # here: Debian's gVisor does not take over the interfaces that podman created.
                self._global_flags += ["--runtime-flag", "ignore-cgroups"]
                self._global_flags += ["--runtime-flag", "network=host"]
        flags = ["--runtime", runtime] if runtime and engine.name == "docker" else []
        environment = [f"--env={name}={value}" for name, value in CLOUD_RUN.items()]
        if anonymous:
            environment.append("--env=SAMO_ALLOW_ANONYMOUS=true")
        self.id = self._run(
            "create", *flags, *environment, *ulimits(), "--network", network,
            "--cpus", str(CPUS), "--memory", MEMORY, "--memory-swap", MEMORY,
            "--read-only", "--tmpfs", "/tmp",  # noqa: S108  # the container's
            "--cap-drop", "all", "--security-opt", "no-new-privileges", image,
        )  # fmt: skip
        self._network = network
        self.url = ""

    def start(self) -> float:
        """Start the container and wait for /readyz; return the seconds that it took.

        Raises:
            EngineError: it ended, or was not ready after `START_SECONDS`.
        """
        start = time.monotonic()
        self._run("start", self.id)
        address = self._inspect()["NetworkSettings"]["Networks"][self._network]["IPAddress"]
        self.url = f"http://{address}:{PORT}"
        while not self._is_ready():
            if time.monotonic() - start > START_SECONDS or not self._inspect()["State"]["Running"]:
                raise EngineError(f"not ready; its log ends with:\n{self.log()[-2000:]}")
            time.sleep(0.02)
        return time.monotonic() - start

    def run_to_end(self) -> int:
        """Start the container and wait until it ends; return its exit status."""
        self._run("start", self.id)
        return int(self._run("wait", self.id))

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as response:  # noqa: S310
                return bool(response.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def peak_mib(self) -> float:
        """Return the peak memory in MiB, including /tmp and its page cache."""
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
        raise EngineError("this system does not report the peak memory of a container")

    def has_default_route(self) -> bool:
        """Return whether its network has a default route."""
        routes = self._run("exec", self.id, "cat", "/proc/net/route").splitlines()[1:]
        return any(line.split()[1] == "00000000" for line in routes)

    def can_write(self, path: str) -> bool:
        """Return whether the service's user can create the file `path`."""
        try:
            self._run("exec", self.id, "touch", path)
        except EngineError:
            return False
        return True

    def stop(self) -> ContainerExit:
        """Send SIGTERM, and SIGKILL after the grace period of Cloud Run."""
        start = time.monotonic()
        self._run("stop", "--time", str(GRACE_SECONDS), self.id)
        return ContainerExit(time.monotonic() - start, int(self._inspect()["State"]["ExitCode"]))

    def log(self) -> str:
        """Return its standard output and error."""
        return self._engine.run("logs", self.id, merge=True)

    def remove(self) -> None:
        """Kill and delete the container."""
        self._run("rm", "--force", self.id)

    def _inspect(self) -> dict[str, Any]:
        (described,) = json.loads(self._run("inspect", self.id))
        return dict(described)

    def _run(self, *arguments: str) -> str:
        return self._engine.run(*self._global_flags, *arguments)


@contextmanager
def internal_network(engine: Engine, name: str) -> Iterator[str]:
    """Create a network that reaches only this host; delete it at the end."""
    engine.run("network", "create", "--internal", name)
    try:
        yield name
    finally:
        engine.run("network", "rm", "--force", name)
