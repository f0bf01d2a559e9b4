"""The command `samo completion`: a script with which a shell completes `samo`'s arguments."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from samo.commands.errors import UNAVAILABLE, CommandError
from samo.commands.options import command_parser
from samo.commands.registry import complete_parser

SHELLS: Final = ("bash", "zsh", "fish", "tcsh")
_EXAMPLES = """\
  samo completion bash > ~/.local/share/bash-completion/completions/samo
  samo completion zsh > ~/.zfunc/_samo      # a folder of your fpath
  samo completion fish > ~/.config/fish/completions/samo.fish
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = command_parser(
        "completion",
        "Print a script for your shell, which completes commands and options.",
        _EXAMPLES,
    )
    parser.add_argument("shell", choices=SHELLS)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    args = build_parser().parse_args(arguments)
    try:
        import shtab  # an optional dependency: the image has no use for it
    except ImportError:
        raise CommandError(
            "shtab is not installed: run `pip install shtab`.", UNAVAILABLE
        ) from None
    sys.stdout.write(shtab.complete(complete_parser(), shell=args.shell))
    return 0
