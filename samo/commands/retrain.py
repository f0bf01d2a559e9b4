"""The command `samo retrain`, whose work is in `training/`, which is not part of the image."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from samo.commands.errors import UNAVAILABLE, CommandError

_MODULE: Final = "training.retraining.__main__"
_CHECKOUT: Final = Path(__file__).parents[2]


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments; without training, one that only has a name."""
    try:
        parser: argparse.ArgumentParser = _command().build_parser()
    except CommandError:
        return argparse.ArgumentParser(prog="samo retrain")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status.

    Raises:
        CommandError: The checkout or the packages of training are missing.
    """
    status: int = _command().main(arguments)
    return status


def _command() -> ModuleType:
    if not (_CHECKOUT / "training").is_dir():
        raise CommandError(
            "samo retrain needs a checkout of the project, which the image and the package do not "
            "contain: clone it, and run `make retrain` there.",
            UNAVAILABLE,
        )
    if str(_CHECKOUT) not in sys.path:
        sys.path.insert(0, str(_CHECKOUT))
    try:
        return importlib.import_module(_MODULE)
    except ModuleNotFoundError as error:
        raise CommandError(
            f"samo retrain needs the packages of training, and {error.name} is missing: run "
            "`make retrain`, which installs them, or "
            "`.venv/bin/pip install --require-hashes --requirement requirements/dev.txt`.",
            UNAVAILABLE,
        ) from None
