"""A random part of lesson files, for a student to keep what it knows while it learns more.

python -m training.emotion.sample --lessons FILE=NUMBER … --output lessons.jsonl
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path


def sample(files: Sequence[tuple[Path, int]], target: Path, seed: int) -> int:
    """Write `number` random lines of each file, in their order; return how many were written."""
    rng = random.Random(seed)  # noqa: S311 - reproducible on purpose
    chosen: list[str] = []
    for path, number in files:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        rows = sorted(rng.sample(range(len(lines)), min(number, len(lines))))
        chosen += [lines[row] for row in rows]
    target.write_text("".join(chosen), encoding="utf-8")
    return len(chosen)


def _file_and_number(argument: str) -> tuple[Path, int]:
    path, _, number = argument.rpartition("=")
    if not path or not number.isdigit():
        raise argparse.ArgumentTypeError(f"{argument!r} is not FILE=NUMBER")
    return Path(path), int(number)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.emotion.sample",
        description="Write a random part of lesson files.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--lessons", type=_file_and_number, nargs="+", required=True, metavar="FILE=NUMBER",
        help="lesson file, and how many of its lessons",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, required=True, help="lesson file to write")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(f"{sample(given.lessons, given.output, given.seed)} lessons written to {given.output}")


if __name__ == "__main__":
    main()
