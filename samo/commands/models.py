"""The command `samo models`: the models of this machine's store, or of a service."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from runners.errors import StartError
from samo.commands import model_versions
from samo.commands.console import results
from samo.commands.errors import UNAVAILABLE, CommandError
from samo.commands.options import add_engine_options, command_parser
from samo.settings import ClientSettings, Settings

_EXAMPLES = """\
  samo models
  samo models --json | jq .emotion.metadata.parity
  samo models --url http://localhost:3000
  samo models list
  samo models promote samo-emotion:8cd2f1a09b3e
  samo models rollback
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = command_parser(
        "models",
        "List the models with their tag, size, licence and how their export was verified. Their "
        "quality is in the model cards, checkpoints/*/README.md. The actions manage the "
        "versions of a model: docs/retraining.md.",
        _EXAMPLES,
    )
    parser.add_argument("--json", action="store_true", help="print all metadata as JSON")
    add_engine_options(parser)
    model_versions.add_actions(parser)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    args = build_parser().parse_args(arguments)
    action: model_versions.Action | None = getattr(args, "action", None)
    if action is not None:
        return action(args)
    settings = ClientSettings()
    if url := args.url or settings.url:
        key = args.api_key or (settings.api_key.get_secret_value() if settings.api_key else None)
        models = asyncio.run(_served(url, key))
    else:
        models = _stored()
    if args.json:
        sys.stdout.write(json.dumps(models, indent=2, ensure_ascii=False) + "\n")
    else:
        _print(models)
    return 0


async def _served(url: str, key: str | None) -> dict[str, Any]:
    from samo.commands.remote import RemoteEngine

    async with RemoteEngine.connected(url, key) as engine:
        return await engine.models()


def _stored() -> dict[str, Any]:
    from samo.batch.entries import BatchRunError  # slow to import: they import BentoML
    from samo.batch.store import find_model

    try:
        settings = Settings.load()
        found = {name: find_model(settings, name) for name in settings.model_names}
    except (StartError, BatchRunError) as error:
        raise CommandError(str(error), UNAVAILABLE) from None
    return {
        name: {"tag": str(model.tag), "path": model.path, "metadata": dict(model.info.metadata)}
        for name, model in found.items()
    }


def _print(models: dict[str, Any]) -> None:
    console = results()
    rows = [(name, *_columns(model)) for name, model in models.items()]
    if not console.is_terminal:
        sys.stdout.writelines("\t".join(row) + "\n" for row in rows)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("model", "tag", "size", "checkpoint", "licence", "export"):
        table.add_column(title, justify="right" if title == "size" else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _columns(model: dict[str, Any]) -> tuple[str, ...]:
    metadata = model.get("metadata") or {}
    size = metadata.get("size_bytes")
    return (
        str(model.get("tag", "")),
        f"{int(size) / 1e6:.1f} MB" if size else "",
        *(str(metadata.get(name, "")) for name in ("checkpoint", "licence", "parity")),
    )
