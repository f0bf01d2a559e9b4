"""`samo models list`, `promote` and `rollback`: the versions of a model in this machine's store."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier
from runners.errors import StartError
from samo.commands.console import messages, results
from samo.commands.errors import OK, UNAVAILABLE, USAGE, CommandError
from samo.settings import Settings

_EMOTION: Final = "samo-emotion"


def add_actions(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands; each sets `action` to the function that runs it."""
    actions = parser.add_subparsers(title="versions of a model", metavar="ACTION")
    for name, run, summary in (
        ("list", list_versions, "list the versions of a model, and which of them serves"),
        ("promote", promote, "let a version serve from now on"),
        ("rollback", roll_back, "let the version serve again that did before"),
    ):
        action = actions.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
        action.set_defaults(action=run)
        if name == "promote":
            action.add_argument("tag", metavar="TAG", help="such as samo-emotion:8cd2f1a09b3e")
        else:
            action.add_argument(
                "name", metavar="NAME", nargs="?",
                help="name in the model store, such as samo-emotion-small (default: the emotion "
                "model of SAMO_EMOTION_MODEL)",
            )  # fmt: skip
        if name == "list":
            action.add_argument("--json", action="store_true", help="print all metadata as JSON")


Action = Callable[[argparse.Namespace], int]


def list_versions(args: argparse.Namespace) -> int:
    """Print the versions, the newest first."""
    from samo import model_store

    name = args.name or _serving_name()
    try:
        served = model_store.version_of(model_store.find_model(name))
    except StartError as error:
        raise CommandError(str(error), UNAVAILABLE) from None
    versions = [_describe(model, served) for model in model_store.stored_versions(name)]
    if args.json:
        sys.stdout.write(json.dumps(versions, indent=2, ensure_ascii=False) + "\n")
    else:
        _print(versions)
    return OK


def promote(args: argparse.Namespace) -> int:
    """Check a version as a start does, then let it serve."""
    from samo import model_store

    name, separator, version = args.tag.partition(":")
    if not separator or not version or version == "latest":
        raise CommandError(
            f"{args.tag!r} is no tag: write NAME:VERSION as `samo models list` prints it.", USAGE
        )
    try:
        with model_store.promotion_lock(name):
            model = model_store.find_version(name, version)
            if name.startswith(_EMOTION):
                _check_golden_sample(model)
            _check_drift_reference(name, model)
            model_store.promote(name, version)
    except (model_store.PromotionRefused, StartError) as error:
        raise CommandError(str(error), UNAVAILABLE) from None
    _report(name, version)
    return OK


def roll_back(args: argparse.Namespace) -> int:
    """Let the former version serve again."""
    from samo import model_store

    name = args.name or _serving_name()
    try:
        with model_store.promotion_lock(name):
            model = model_store.roll_back(name, partial(_check_drift_reference, name))
    except (model_store.PromotionRefused, StartError) as error:
        raise CommandError(str(error), UNAVAILABLE) from None
    _report(name, model_store.version_of(model))
    return OK


def _serving_name() -> str:
    """The name in the model store of the emotion model that the settings select."""
    return _settings().model_names["emotion"]


def _settings() -> Settings:
    try:
        return Settings.load()
    except StartError as error:
        raise CommandError(str(error), USAGE) from None


def _check_drift_reference(name: str, model: Any) -> None:
    """Raise `StartError` if a service with the same settings would not load this version."""
    settings = _settings()
    if settings.drift_reference is None or name != settings.model_names["emotion"]:
        return
    from samo.drift.creation import read_configured

    calibration = EmotionCalibration.load(Path(model.path) / "calibration.json")
    sha256 = model.info.metadata.get("sha256", {})
    try:
        read_configured(settings.drift_reference, calibration, sha256)
    except StartError as error:
        raise StartError(f"{model.tag} cannot serve: {error}") from None


def _check_golden_sample(model: Any) -> None:
    """Raise `CommandError` if the model cannot be loaded here, or computes other results."""
    try:
        EmotionClassifier.load(Path(model.path), threads=1).warm_up()
    except Exception as error:  # noqa: BLE001  # whatever ONNX Runtime raises
        reason = " ".join(str(error).split())
        raise CommandError(f"{model.tag} cannot serve: {reason}", UNAVAILABLE) from None


def _report(name: str, version: str) -> None:
    sys.stdout.write(f"{name}:{version}\n")
    console = messages()
    console.print("It serves from the next start on.", end=" ")
    if name.startswith(_EMOTION):
        console.print(
            "A service that runs with this store loads it within SAMO_MODEL_RELOAD_SECONDS, and "
            "loses no request; /models/status has its tag then."
        )
    else:
        console.print("A service that runs must be restarted.")


def _describe(model: Any, served: str) -> dict[str, Any]:
    version = str(model.tag).rpartition(":")[2]
    return {
        "tag": str(model.tag),
        "serves": version == served,
        "created": model.creation_time.isoformat(timespec="seconds"),
        "metadata": dict(model.info.metadata),
    }


def _print(versions: list[dict[str, Any]]) -> None:
    rows = [_columns(one) for one in versions]
    console = results()
    if not console.is_terminal:
        sys.stdout.writelines("\t".join(row) + "\n" for row in rows)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("tag", "", "created", "from", "figures"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _columns(version: dict[str, Any]) -> tuple[str, ...]:
    metadata = version["metadata"]
    lineage = metadata.get("lineage") or {}
    figures = lineage.get("figures") or {}
    return (
        version["tag"],
        "serves" if version["serves"] else "",
        version["created"],
        str(lineage.get("parent") or metadata.get("checkpoint", "")),
        "  ".join(
            f"{name} {change['before']:.3f} -> {change['after']:.3f}"
            for name, change in figures.items()
            if name in ("new texts", "GoEmotions macro-F1")
        ),
    )
