"""The Python packages that ship, and the native libraries in their wheels."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from deploy.supply.licences import BUNDLED, UNCLEAR, normalize

ROOT: Final = Path(__file__).resolve().parents[2]
LOCK: Final = ROOT / "requirements" / "serve.txt"
# auditwheel's folders for the libraries that it copies into a wheel
_LIBRARY_FOLDER: Final = ".libs"


@dataclass(frozen=True)
class BundledLibrary:
    """A native library that a wheel contains, such as ffmpeg's in PyAV's."""

    file: str
    licence: str | None
    """SPDX expression; None if it is not in the list of known licences."""
    sha256: str


@dataclass(frozen=True)
class Package:
    """A package of requirements/serve.txt."""

    name: str
    version: str
    sha256: tuple[str, ...]
    """Hashes of all files of this version that may be installed."""

    @cached_property
    def _distribution(self) -> importlib.metadata.Distribution:
        return importlib.metadata.distribution(self.name)

    @property
    def licence(self) -> str | None:
        """SPDX expression; None if the metadata of the package do not tell."""
        if self.name in UNCLEAR:
            return UNCLEAR[self.name]
        metadata: Any = (
            self._distribution.metadata
        )  # typed without `get` in some versions of Python
        if expression := metadata.get("License-Expression"):
            return str(expression)
        classifiers = [
            text.rpartition(" :: ")[2]
            for text in metadata.get_all("Classifier") or []
            if text.startswith("License :: ")
        ]
        return normalize(metadata.get("License"), classifiers)

    @cached_property
    def libraries(self) -> list[BundledLibrary]:
        """The native libraries that auditwheel has copied into the wheel."""
        return [
            BundledLibrary(
                path.name, BUNDLED.get(library_name(path.name)), _sha256(Path(path.locate()))
            )
            for path in sorted(self._distribution.files or [])
            if path.parts[0].endswith(_LIBRARY_FOLDER) and ".so" in path.name
        ]


def library_name(file: str) -> str:
    """The name of a library without auditwheel's hash and without versions: "libx264"."""
    return re.split(r"[-.]", file.replace("openblas64_-", "openblas-"))[0]


@cache
def locked_packages() -> list[Package]:
    """The packages of the image, from requirements/serve.txt."""
    text = LOCK.read_text(encoding="utf-8").replace("\\\n", " ")
    return [
        Package(match["name"], match["version"], tuple(re.findall(r"sha256:([0-9a-f]{64})", line)))
        for line in text.splitlines()
        if (match := re.match(r"(?P<name>[a-z0-9][\w.-]*)==(?P<version>[^\s;]+)", line))
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
