"""Retrain the emotion classifier on labelled texts, and promote the result if it is better.

    python -m training.retraining --data ../shared/data feedback.jsonl

The last line of stdout is JSON.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from samo.model_store import PromotionRefused
from samo.settings import available_cpus
from training.command_line import DATA_HELP, HelpFormatter, print_json
from training.retraining.checks import MIN_TEXTS
from training.retraining.errors import RetrainingRefused
from training.retraining.retrain import Request, Retraining, parse_names

_EPILOG: Final = """\
exit status:
  0 a better model serves, or would with --no-promote
  1 the gate refused the candidate: the reasons are printed
  2 wrong option   3 the texts were refused   4 the model store cannot be used

docs/retraining.md describes the files.
"""
GATE_REFUSED: Final = 1
DATA_REFUSED: Final = 3
STORE_REFUSED: Final = 4


class _Formatter(HelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Defaults of options, and an epilog with its own lines."""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = argparse.ArgumentParser(
        prog="samo retrain",
        description="Retrain the head of the emotion classifier on labelled texts, compare it "
        "with the model that serves, and promote it if it is better.",
        epilog=_EPILOG,
        formatter_class=_Formatter,
    )
    parser.add_argument(
        "files", metavar="FILE", nargs="+", type=Path, help="labelled texts: .jsonl, .csv, .parquet"
    )
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument(
        "--labelled",
        metavar="NAMES",
        help="labels and moods that were judged, separated by commas, for files without the "
        "column `labelled`",
    )
    parser.add_argument(
        "--drop-leaks",
        action="store_true",
        help="leave out texts of GoEmotions test and dev and of the probes, instead of refusing",
    )
    parser.add_argument(
        "--no-promote", action="store_true", help="compare only: store and promote nothing"
    )
    parser.add_argument("--min-texts", type=int, default=MIN_TEXTS, help="smallest number of texts")
    parser.add_argument(
        "--threads", type=int, default=available_cpus(), help="threads of the encoder"
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = build_parser().parse_args(arguments)
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    start = time.perf_counter()
    request = Request(
        tuple(args.files),
        args.data,
        parse_names(args.labelled),
        drop_leaks=args.drop_leaks,
        min_texts=args.min_texts,
        promote=not args.no_promote,
        threads=args.threads,
    )
    try:
        result = Retraining(request, console.print).run()
    except RetrainingRefused as error:
        console.print(f"Refused. {error}", style="red")
        return STORE_REFUSED if error.reason == "store" else DATA_REFUSED
    except PromotionRefused as error:
        console.print(f"Not promoted. {error}", style="red")
        return STORE_REFUSED
    for reason in result["reasons"]:
        console.print(f"Not promoted. {reason}", style="red")
    print_json({**result, "seconds": round(time.perf_counter() - start, 1)})
    return 0 if result["accepted"] else GATE_REFUSED


if __name__ == "__main__":
    sys.exit(main())
