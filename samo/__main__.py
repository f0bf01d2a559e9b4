"""`python -m samo batch IN OUT`: the commands of a checkout; the service has its own, `make serve`.

`bulk.command` is imported when it is asked for: it needs the model store, which samo does not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="samo", description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["batch"], help="batch: analyse many entries at once")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="see `samo batch --help`")
    given = parser.parse_args(arguments)

    from bulk import command

    return command.main(given.rest)


if __name__ == "__main__":
    sys.exit(main())
