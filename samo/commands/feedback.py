"""The command `samo feedback`: migrate, export, erase and count what people said."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from sqlalchemy import Engine

from runners.errors import StartError
from samo.commands.console import results
from samo.commands.errors import NOTHING, REFUSED, UNAVAILABLE, USAGE, CommandError
from samo.feedback import export, store
from samo.feedback.database import forget_deleted, open_engine, reading
from samo.feedback.migration import ensure_tables
from samo.feedback.problems import reason
from samo.feedback.writer import DATABASE_ERRORS
from samo.settings import Settings

_EPILOG = """\
examples:
  export SAMO_FEEDBACK_URL=sqlite:////var/lib/samo/feedback.db
  samo feedback migrate
  samo feedback stats
  samo feedback export --output feedback.jsonl
  samo feedback erase user-17 --key phone

exit status:
  0 done   2 wrong option   3 the user belongs to several keys, or a file cannot be written
  4 the database cannot be used   6 there is nothing to erase
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = argparse.ArgumentParser(
        prog="samo feedback",
        description="Manage the database of feedback, which SAMO_FEEDBACK_URL names.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    migrate = actions.add_parser("migrate", help="create or update the tables")
    migrate.set_defaults(run=_migrate, migrate=True)
    exporting = actions.add_parser(
        "export", help="write labelled texts for training, as JSON lines"
    )
    exporting.add_argument("--output", type=Path, required=True, metavar="FILE", help="JSONL file")
    exporting.set_defaults(run=_export, migrate=False)
    erase = actions.add_parser("erase", help="erase all feedback of a user")
    erase.add_argument("user", help="the id that the application sent as `user`")
    erase.add_argument("--key", metavar="NAME", help="name of the API key that it was sent with")
    erase.set_defaults(run=_erase, migrate=False)
    stats = actions.add_parser("stats", help="count feedback, and how often models are right")
    stats.add_argument("--json", action="store_true", help="print JSON")
    stats.set_defaults(run=_stats, migrate=False)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    args = build_parser().parse_args(arguments)
    try:
        url = Settings.load().feedback_url
        if url is None:
            raise CommandError(
                "Feedback is off: set SAMO_FEEDBACK_URL to the database that stores it.", USAGE
            )
        with opened_database(url.get_secret_value(), migrate=args.migrate) as engine:
            args.run(engine, args)
    except StartError as error:
        raise CommandError(str(error), USAGE) from None
    return 0


@contextlib.contextmanager
def opened_database(url: str, *, migrate: bool) -> Iterator[Engine]:
    """The database, with the tables of this version.

    Raises `CommandError` if it cannot be used, also while the block runs.
    """
    engine = open_engine(url)
    try:
        ensure_tables(url, engine, migrate=migrate)
        yield engine
    except DATABASE_ERRORS as error:
        raise CommandError(reason(error), UNAVAILABLE) from None
    finally:
        engine.dispose()


def _migrate(_engine: Engine, _args: argparse.Namespace) -> None:
    sys.stderr.write("The tables of feedback are those of this version.\n")


def _export(engine: Engine, args: argparse.Namespace) -> None:
    output: Path = args.output
    written = 0
    with _replacing(output) as temporary, temporary.open("w", encoding="utf-8") as file:
        for stored in export.all_feedback(engine):
            example = export.training_example(stored)
            if example is not None:
                file.write(json.dumps(example, ensure_ascii=False) + "\n")
                written += 1
    sys.stderr.write(f"{written} labelled texts are in {output}. Only you may read it.\n")


@contextlib.contextmanager
def _replacing(output: Path) -> Iterator[Path]:
    """A temporary file that its owner may read; it becomes `output` at the end."""
    try:
        descriptor, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}.", REFUSED) from None
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        temporary.replace(output)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}.", REFUSED) from None
    finally:
        temporary.unlink(missing_ok=True)


def _erase(engine: Engine, args: argparse.Namespace) -> None:
    with reading(engine) as connection:
        keys = store.keys_of(connection, args.user)
    key = _chosen_key(keys, args.key)
    with engine.begin() as connection:
        erased = store.erase(connection, key, args.user)
    forget_deleted(engine)
    sys.stdout.write(f"{erased}\n")


def _chosen_key(keys: Sequence[str], chosen: str | None) -> str:
    """The key to erase a user of: the chosen one, or the only one of `keys`, which have the user.

    Raises:
        CommandError: There are several, or there is nothing to erase.
    """
    names = ", ".join(key or "'' (sent without a key)" for key in keys)
    if not keys:
        raise CommandError("Nothing was erased: there is no feedback of this user.", NOTHING)
    if chosen is None and len(keys) > 1:
        raise CommandError(
            f"Several API keys have a user of this id: choose one with --key: {names}.", REFUSED
        )
    if chosen is not None and chosen not in keys:
        raise CommandError(
            "Nothing was erased: there is no feedback of this user with that key. There is with: "
            f"{names}.",
            NOTHING,
        )
    return keys[0] if chosen is None else chosen


def _stats(engine: Engine, args: argparse.Namespace) -> None:
    figures = export.statistics(engine)
    if args.json:
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return
    models = figures.pop("models")
    rows = [(name.replace("_", " "), str(value)) for name, value in figures.items()]
    for row in rows:
        sys.stdout.write("\t".join(row) + "\n")
    _print_models(models)


def _print_models(models: list[dict[str, Any]]) -> None:
    if not models:
        return
    console = results()
    rows = [tuple("" if one is None else str(one) for one in model.values()) for model in models]
    if not console.is_terminal:
        sys.stdout.writelines("\t".join(row) + "\n" for row in rows)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in models[0]:
        table.add_column(title.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
