"""Exit statuses of the commands, and the error that ends one. docs/cli.md lists them."""

from __future__ import annotations

from typing import Final

OK: Final = 0
USAGE: Final = 2  # argparse's
REFUSED: Final = 3
UNAVAILABLE: Final = 4
INCOMPLETE: Final = 5
NOTHING: Final = 6
INTERRUPTED: Final = 130  # as a shell reports SIGINT


class CommandError(Exception):
    """The command cannot go on; the message is printed and says what to do.

    Args:
        message: for people; contains no text of an entry.
        status: exit status of the process.

    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
