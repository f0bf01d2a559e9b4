"""The command `samo retrain`, whose work is in `training/`, which is not part of the image."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from runners.errors import StartError
from samo.commands.errors import UNAVAILABLE, USAGE, CommandError
from samo.settings import Settings, available_cpus

_EPILOG: Final = """\
examples:
  samo retrain feedback.jsonl --data ../shared/data
  samo retrain rated.csv --data ../shared/data --labelled joy,sadness,anger --no-promote

exit status:
  0 a better model serves, or would without --no-promote
  1 the gate refused the candidate: the reasons are printed
  2 wrong option or setting   3 the texts were refused
  4 the model store, or training, is not available
  6 the model that serves was trained on exactly these files

docs/retraining.md describes the files.
"""
_MODULE: Final = "training.retraining.command"
_CHECKOUT: Final = Path(__file__).parents[2]


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = argparse.ArgumentParser(
        prog="samo retrain",
        description="Retrain the head of the large emotion model, samo-emotion in the model\n"
        "store, on labelled texts; compare it with the version that serves, and promote it\n"
        "if it is better.\n"
        "The small model, samo-emotion-small, cannot be retrained.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=Path, help="labelled texts: .jsonl, .csv, .parquet"
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="folder with goemotions/"
    )
    parser.add_argument(
        "--labelled",
        type=_names,
        metavar="NAMES",
        help="labels and moods that were judged, separated by commas, for files without the "
        "column `labelled`",
    )
    parser.add_argument(
        "--drop-leaks",
        action="store_true",
        help="leave out texts of GoEmotions test and dev and of the probes, instead of refusing",
    )
    parser.add_argument(
        "--no-promote", action="store_true", help="compare only: store and promote nothing"
    )
    parser.add_argument(
        "--min-texts",
        type=int,
        default=100,
        metavar="N",
        help="smallest number of texts (default: %(default)s)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=available_cpus(),
        metavar="N",
        help="threads of the encoder (default: the available CPUs)",
    )
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status.

    Raises:
        CommandError: The settings ask for what it cannot do, or the checkout or the packages of
            training are missing.
    """
    args = build_parser().parse_args(arguments)
    _check_settings(promotes=not args.no_promote)
    status: int = _training().run(args)
    return status


def _check_settings(*, promotes: bool) -> None:
    """Refuse settings of a service that would not serve what is trained."""
    try:
        settings = Settings.load()
    except StartError as error:
        raise CommandError(str(error), USAGE) from None
    if settings.emotion_model != "large":
        raise CommandError(
            f"SAMO_EMOTION_MODEL is {settings.emotion_model}, and samo retrain trains only the "
            "large emotion model: unset it to retrain that one. docs/training.md says how the "
            "small one is trained.",
            USAGE,
        )
    if promotes and settings.drift_reference is not None:
        raise CommandError(
            "SAMO_DRIFT_REFERENCE belongs to the version that serves, and a service would not load "
            "the retrained one with it: unset it, or compare only, with --no-promote.",
            USAGE,
        )


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(","))


def _training() -> ModuleType:
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
            "`make retrain`, which installs them.",
            UNAVAILABLE,
        ) from None
