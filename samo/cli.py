"""`python -m samo serve` and `python -m samo batch`: the commands of a checkout and of the image.

Each is imported when it is asked for: `batch` needs the model store, which `serve` does not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="samo", description=__doc__.splitlines()[0])
    parser.add_argument(
        "command",
        choices=["serve", "batch"],
        help="serve: answer over HTTP; batch: analyse many entries at once",
    )
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="see `samo COMMAND --help`")
    given = parser.parse_args(arguments)
    if given.command == "serve":
        from samo import serve

        serve.main(given.rest)

    from samo.batch import command

    return command.main(given.rest)


if __name__ == "__main__":
    sys.exit(main())
