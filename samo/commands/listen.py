"""The command `samo listen`."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from samo.commands.analyze import analyze_and_print
from samo.commands.console import messages
from samo.commands.options import add_analysis_options, add_engine_options, command_parser
from samo.commands.recorder import record
from samo.limits import MAX_AUDIO_SECONDS

_EXAMPLES = """\
  samo listen                     speak, then press Ctrl-C
  samo listen --seconds 30 --language en
  samo listen --json > insight.json
"""
_METER_CELLS = 20


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = command_parser(
        "listen",
        "Record from the microphone until Ctrl-C, then print the insight. The recording is kept in "
        "memory and never written to a file.",
        _EXAMPLES,
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=MAX_AUDIO_SECONDS,
        metavar="N",
        help="end after this time (default: %(default)g, the longest recording)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the response of POST /analyze/voice-journal"
    )
    add_analysis_options(parser)
    add_engine_options(parser)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    args = build_parser().parse_args(arguments)
    return asyncio.run(analyze_and_print(_record(args.seconds), args))


def _record(seconds: float) -> bytes:
    console = messages()
    if not console.is_terminal:
        return record(seconds, lambda _seconds, _peak: None)
    with console.status("Speak; Ctrl-C ends the recording.") as status:

        def show(recorded: float, peak: float) -> None:
            meter = "▮" * round(peak**0.5 * _METER_CELLS)
            status.update(f"{recorded:6.1f} s  {meter:<{_METER_CELLS}}  Ctrl-C ends")

        return record(seconds, show)


def _seconds(value: str) -> float:
    number = float(value)
    if not 0 < number <= MAX_AUDIO_SECONDS:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most {MAX_AUDIO_SECONDS:g}")
    return number
