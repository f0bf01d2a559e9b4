"""The command `samo`. A subcommand is a row of `COMMANDS`.

Its module is imported when the subcommand runs: `batch` needs the model store's libraries, `serve`
does not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import samo


class Command(NamedTuple):
    """A subcommand of `samo`."""

    summary: str
    run: Callable[[Sequence[str]], int]
    """Takes the arguments after the subcommand's name; returns the exit status."""


def _serve(arguments: Sequence[str]) -> int:
    from samo import serve

    serve.main(arguments)


def _batch(arguments: Sequence[str]) -> int:
    from samo.batch import command

    return command.main(arguments)


def _keys(arguments: Sequence[str]) -> int:
    from samo.access import command

    return command.main(arguments)


COMMANDS: Final = {
    "serve": Command("answer requests over HTTP", _serve),
    "batch": Command("analyse many entries of a file or folder", _batch),
    "keys": Command("create, list and revoke API keys", _keys),
}

_EXAMPLES: Final = """
examples:
  samo serve --port 3000
  samo batch entries.jsonl insights
  samo batch recordings/ insights
  samo keys new --name phone --scopes text,speech --file keys.json

`samo COMMAND --help` describes a command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="samo",
        description="Transcript, emotions and summary of journal entries.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"samo {samo.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name, command in COMMANDS.items():
        # each command parses its arguments itself, `--help` included
        commands.add_parser(name, help=command.summary, add_help=False)
    args, rest = parser.parse_known_args(arguments)
    if args.command is None:
        parser.print_help(sys.stderr)
        return 2
    return COMMANDS[args.command].run(rest)


if __name__ == "__main__":
    sys.exit(main())
