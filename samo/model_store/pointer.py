"""The file `promoted` beside a model's versions: the version that serves.

BentoML's own file `latest` names the newest version, and changes with every export. A promoted
version stays until another one is promoted. Without the file the newest version serves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from samo.settings import StoreSettings

POINTER_FILE: Final = "promoted"


def versions_folder(name: str) -> Path:
    """The folder with the versions of a model, such as "samo-emotion"."""
    return StoreSettings().models / name


def promoted_version(name: str) -> str | None:
    """The version of a model that was promoted; None if none was."""
    try:
        version = (versions_folder(name) / POINTER_FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return version or None
