"""The subcommands of `samo`. A module is imported when its command runs: `--help` is quick."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import samo


class Command(NamedTuple):
    """A subcommand of `samo`."""

    summary: str
    module: str
    """Has `build_parser() -> argparse.ArgumentParser`, and `main(arguments) -> int`, which takes
    the arguments after the subcommand's name and returns the exit status."""

    def run(self, arguments: Sequence[str]) -> int:
        """Run the subcommand; returns the exit status."""
        main: Callable[[Sequence[str]], int] = importlib.import_module(self.module).main
        return main(arguments)

    def parser(self) -> argparse.ArgumentParser:
        """The parser of the subcommand."""
        build: Callable[[], argparse.ArgumentParser]
        build = importlib.import_module(self.module).build_parser
        return build()


COMMANDS: Final = {
    "analyze": Command("print the insight of a text or a recording", "samo.commands.analyze"),
    "listen": Command("record from the microphone, then print the insight", "samo.commands.listen"),
    "journal": Command("make a report of a whole journal", "samo.commands.journal"),
    "models": Command("list the models with their sizes", "samo.commands.models"),
    "retrain": Command("retrain the emotion model on labelled texts", "samo.commands.retrain"),
    "serve": Command("answer requests over HTTP", "samo.serve"),
    "batch": Command("analyse many entries of a file or folder", "samo.batch.command"),
    "keys": Command("create, list and revoke API keys", "samo.access.command"),
    "feedback": Command("manage what people said about predictions", "samo.commands.feedback"),
    "ab": Command("compare two emotion models by feedback", "samo.commands.ab"),
    "completion": Command("print a completion script for a shell", "samo.commands.completion"),
}

_EXAMPLES: Final = """
examples:
  samo analyze entry.txt
  samo listen --language en
  samo journal ~/Documents/Diary --output diary.html
  samo models --json
  samo retrain feedback.jsonl --data ../shared/data
  samo serve --port 3000
  samo batch entries.jsonl insights
  samo keys new --name phone --scopes text,speech --file keys.json
  samo feedback stats
  samo ab report
  samo completion bash > ~/.local/share/bash-completion/completions/samo

`samo COMMAND --help` describes a command, with its exit statuses.
"""


def complete_parser() -> argparse.ArgumentParser:
    """The parser with those of all subcommands, for shell completion."""
    parser, commands = top_parser()
    for name, command in COMMANDS.items():
        commands.choices[name] = command.parser()
    return parser


def top_parser() -> tuple[argparse.ArgumentParser, Any]:
    """The parser, and its action for subcommands, a class that argparse does not export."""
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
    return parser, commands
