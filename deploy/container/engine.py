"""Find and call a container engine: docker, podman or buildah."""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Name = Literal["docker", "podman", "buildah"]
ENGINES: Final[tuple[Name, ...]] = ("docker", "podman", "buildah")
SYSTEMD: Final = Path("/run/systemd/system")
PULL_TIMEOUT_SECONDS: Final = 300


class EngineError(Exception):
    """No engine is available, or a call failed; the message contains its output."""


@dataclass(frozen=True)
class Engine:
    """A container engine's command line."""

    name: Name

    def command(self, *arguments: str) -> list[str]:
        """Return the complete command line of a call."""
        flags = []
        if self.name == "podman" and not SYSTEMD.is_dir():
            flags = ["--cgroup-manager=cgroupfs", "--events-backend=file"]
        return [self.name, *flags, *arguments]

    def run(self, *arguments: str, timeout: float | None = None, merge: bool = False) -> str:
        """Run a call and return its standard output; with `merge`, its standard error too.

        Raises:
            EngineError: the call failed or took longer than `timeout` seconds.
        """
        try:
            done = subprocess.run(
                self.command(*arguments),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if merge else subprocess.PIPE,
                text=True,
                check=True,
                timeout=timeout,
            )
        except subprocess.CalledProcessError as error:
            output = (error.stderr or error.stdout).strip()
            raise EngineError(f"{self.name} {arguments[0]} failed: {output}") from error
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"{self.name} {arguments[0]} took over {timeout:.0f} s") from error
        return done.stdout.strip()

    def is_available(self) -> bool:
        """Return whether the engine is installed and its daemon, if it has one, responds."""
        if shutil.which(self.name) is None:
            return False
        try:
            self.run("images", "--quiet", timeout=60)
        except EngineError:
            return False
        return True

    def has_image(self, image: str) -> bool:
        """Return whether the image is in the engine's store."""
        try:
            self.run("inspect", "--type", "image", image)
        except EngineError:
            return False
        return True

    def pull(self, image: str) -> bool:
        """Pull an image; return False if that fails."""
        try:
            self.run("pull", "--quiet", image, timeout=PULL_TIMEOUT_SECONDS)
        except EngineError:
            return False
        return True

    @contextmanager
    def docker_api(self) -> Iterator[dict[str, str]]:
        """Serve Docker's API; yield the variables by which Docker's clients find it."""
        if self.name == "docker":
            yield {}
            return
        with tempfile.TemporaryDirectory(prefix="samo-api-") as scratch:
            address = f"unix://{scratch}/socket"
            server = subprocess.Popen(
                self.command("system", "service", "--time=0", address),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                while not Path(scratch, "socket").exists():
                    if server.poll() is not None:
                        raise EngineError("podman system service ended")
                    time.sleep(0.05)
                yield {"DOCKER_HOST": address}
            finally:
                server.terminate()
                server.wait()


def find_engine(wanted: str | None, names: tuple[Name, ...] = ENGINES) -> Engine:
    """Return the engine called `wanted`, or the first available one of `names`.

    Raises:
        EngineError: no engine is available, or not the wanted one.
    """
    candidates = [Engine(name) for name in names if wanted in (None, name)]
    for engine in candidates:
        if engine.is_available():
            return engine
    tried = ", ".join(engine.name for engine in candidates) or f"{wanted}, which is not supported,"
    raise EngineError(f"{tried}: not available; deploy/container/install-tools.sh installs one")


def ulimits() -> list[str]:
    """Return flags that keep this process's ulimits: a host may refuse the engine's defaults."""
    flags = []
    for name, kind in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)):
        hard = resource.getrlimit(kind)[1]
        value = min(hard, 32768) if hard != resource.RLIM_INFINITY else 32768
        flags += ["--ulimit", f"{name}={value}:{value}"]
    return flags
