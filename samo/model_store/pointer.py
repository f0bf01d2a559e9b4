"""The file `promoted.json` beside a model's versions: the version that serves, and former ones.

BentoML's own file `latest` names the newest version, and changes with every export. A promoted
version stays until another one is promoted. Without the file the newest version serves.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from runners.errors import StartError
from samo.settings import StoreSettings

POINTER_FILE: Final = "promoted.json"
# Former versions that are remembered for rollbacks.
MAX_FORMER: Final = 20
# BentoML's rule for versions; it also keeps the name of a folder inside its parent.
_VERSION: Final = re.compile(r"[a-z0-9]([-._a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which version serves.

    Attributes:
        version: the promoted one.
        former: the versions that served before, the last one last.

    """

    version: str
    former: tuple[str, ...] = ()

    @classmethod
    def read(cls, name: str) -> Self | None:
        """Read the pointer of a model such as "samo-emotion"; None if none was promoted.

        Raises:
            StartError: The file is damaged.
        """
        path = versions_folder(name) / POINTER_FILE
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            versions = [*content["former"], content["version"]]
            if not all(_VERSION.fullmatch(version) for version in versions):
                raise ValueError("not a version")
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            raise StartError(
                f"{path} is damaged: delete it, then promote a version, see `samo models list`."
            ) from None
        return cls(versions[-1], tuple(versions[:-1]))

    def write(self, name: str) -> None:
        """Write the file at once: a reader, or a crash, sees the former or the new one.

        Raises:
            OSError: It cannot be written, such as on a full disk; the former one is unchanged.
        """
        folder = versions_folder(name)
        content = {"version": self.version, "former": self.former[-MAX_FORMER:]}
        descriptor, scratch = tempfile.mkstemp(prefix=f".{POINTER_FILE}.", dir=folder)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(json.dumps(content) + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(scratch).chmod(0o644)
            Path(scratch).replace(folder / POINTER_FILE)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise
        _sync_folder(folder)


def versions_folder(name: str) -> Path:
    """The folder with the versions of a model, such as "samo-emotion"."""
    return StoreSettings().models / name


def promoted_version(name: str) -> str | None:
    """The version of a model that was promoted; None if none was. Raises `StartError`."""
    pointer = Pointer.read(name)
    return pointer.version if pointer else None


def _sync_folder(folder: Path) -> None:
    """Keep the new name of a file through a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
