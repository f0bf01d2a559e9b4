"""The command `samo`: run a subcommand, and end with its exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

from samo.commands.errors import INTERRUPTED, CommandError
from samo.commands.registry import COMMANDS, Command, top_parser

# As a shell reports SIGPIPE: the reader of the output, such as `head`, has ended.
BROKEN_PIPE: Final = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit status."""
    parser, _ = top_parser()
    args, rest = parser.parse_known_args(arguments)
    if args.command is None:
        parser.print_help(sys.stderr)
        return 2
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return _run(COMMANDS[args.command], rest)


def _run(command: Command, arguments: Sequence[str]) -> int:
    try:
        status = command.run(arguments)
        sys.stdout.flush()
    except CommandError as error:
        from samo.commands.console import messages, printable

        messages().print(printable(str(error)), style="red")
        return error.status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # stdout is flushed again at exit, which must not fail
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return status


if __name__ == "__main__":
    sys.exit(main())
