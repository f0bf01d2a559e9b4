"""Run the steps of a recipe in order and skip those whose result exists.

A recipe is a list of `RecipeStep`. Each step is a command that writes its target last, so that the
target exists only if the step was completed. The same command therefore resumes a recipe.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.command_line import DATA_HELP, HelpFormatter
from training.hardware import DEVICE_HELP, DEVICES


@dataclass(frozen=True)
class RecipeStep:
    """A command, `python -m module *arguments`, and the file that it writes last."""

    name: str
    target: Path
    module: str
    arguments: tuple[str, ...]

    def run(self) -> None:
        """Run the command. Raises `subprocess.CalledProcessError` if it fails."""
        subprocess.run([sys.executable, "-m", self.module, *self.arguments], check=True)  # noqa: S603


def recipe_parser(prog: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that all recipes have."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {prog}",
        description=description,
        epilog="Run the same command again to resume after an interruption: completed steps are "
        "skipped, and training continues from its last checkpoint.",
        formatter_class=HelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for all results")
    parser.add_argument("--device", default="auto", choices=DEVICES, help=DEVICE_HELP)
    parser.add_argument("--steps", nargs="+", metavar="STEP", help="run only these; default: all")
    parser.add_argument("--list", action="store_true", help="print the steps and exit")
    return parser


def select_steps(
    parser: argparse.ArgumentParser, steps: Sequence[RecipeStep], names: Sequence[str] | None
) -> list[RecipeStep]:
    """Return the steps with these names, all if there are none; exit if a name is unknown."""
    unknown = set(names or ()) - {step.name for step in steps}
    if unknown:
        parser.error(f"unknown step {', '.join(sorted(unknown))}: --list prints all names")
    return [step for step in steps if not names or step.name in names]


def run_steps(steps: Sequence[RecipeStep]) -> None:
    """Run the steps in order; skip a step if its target exists."""
    for number, step in enumerate(steps, start=1):
        is_done = step.target.exists()
        print(
            f"[{number}/{len(steps)}] {step.name}{': done before' if is_done else ''}", flush=True
        )
        if not is_done:
            step.run()
