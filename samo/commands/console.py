"""Where the commands write: results to stdout, everything else to stderr.

Rich writes colours only to a terminal, and none if NO_COLOR is set.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console

# All control characters but tab and line feed: a text must not move the cursor or change colours.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def results() -> Console:
    """Stdout; lines are wrapped only in a terminal."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def messages() -> Console:
    """Stderr: progress, warnings and errors."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def printable(text: str) -> str:
    """The text without control characters other than tab and line feed."""
    return _CONTROLS.sub("", text)


@contextmanager
def working(message: str) -> Iterator[None]:
    """Show that something is going on; nothing outside of a terminal."""
    console = messages()
    if not console.is_terminal:
        yield
        return
    with console.status(message):
        yield
