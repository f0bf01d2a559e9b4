"""Find docker, podman or buildah, whichever is there and works."""

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
SECONDS_TO_PULL: Final = 300


class EngineError(Exception):
    """No engine is there, or it failed; the text says what it said."""


@dataclass(frozen=True)
class Engine:
    """A container engine's command line."""

    name: Name

    def command(self, *arguments: str) -> list[str]:
        """The whole command line of a call."""
        flags = []
        if self.name == "podman" and not SYSTEMD.is_dir():
            flags = ["--cgroup-manager=cgroupfs", "--events-backend=file"]
        return [self.name, *flags, *arguments]

    def ask(self, *arguments: str, timeout: float | None = None, merge: bool = False) -> str:
        """Return what a call prints; with `merge`, to its standard error too.

        Raises:
            EngineError: it failed or took longer than `timeout` seconds.
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
            said = (error.stderr or error.stdout).strip()
            raise EngineError(f"{self.name} {arguments[0]} failed: {said}") from error
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"{self.name} {arguments[0]} took over {timeout:.0f} s") from error
        return done.stdout.strip()

    def works(self) -> bool:
        """Whether it is installed and, where it needs a daemon, that one answers."""
        if shutil.which(self.name) is None:
            return False
        try:
            self.ask("images", "--quiet", timeout=60)
        except EngineError:
            return False
        return True

    def has_image(self, image: str) -> bool:
        """Whether the image is in the engine's store."""
        try:
            self.ask("inspect", "--type", "image", image)
        except EngineError:
            return False
        return True

    def pulls(self, image: str) -> bool:
        """Pull an image; False where it cannot be had from here."""
        try:
            self.ask("pull", "--quiet", image, timeout=SECONDS_TO_PULL)
        except EngineError:
            return False
        return True

    @contextmanager
    def docker_api(self) -> Iterator[dict[str, str]]:
        """Variables by which Docker's clients reach this engine; podman serves it meanwhile."""
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
    """The engine of that name, or the first one of `names` that works.

    Raises:
        EngineError: none works, or not the one that was wanted.
    """
    candidates = [Engine(name) for name in names if wanted in (None, name)]
    for engine in candidates:
        if engine.works():
            return engine
    tried = ", ".join(engine.name for engine in candidates) or f"{wanted}, which is not supported,"
    raise EngineError(f"{tried}: none is installed and works; deploy/container/install-tools.sh")


def ulimits() -> list[str]:
    """Flags that ask for no more than this process has; engines ask for more, and hosts refuse."""
    flags = []
    for name, kind in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)):
        hard = resource.getrlimit(kind)[1]
        value = min(hard, 32768) if hard != resource.RLIM_INFINITY else 32768
        flags += ["--ulimit", f"{name}={value}:{value}"]
    return flags
