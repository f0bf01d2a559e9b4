"""The command `samo analyze`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from samo.commands.console import messages, results, working
from samo.commands.engine import open_engine
from samo.commands.entry_input import read_entry
from samo.commands.errors import INCOMPLETE, OK, UNAVAILABLE, CommandError
from samo.commands.options import (
    AnalysisOptions,
    add_analysis_options,
    add_engine_options,
    command_parser,
)

_EXAMPLES = """\
  samo analyze entry.txt
  samo analyze voice.m4a --language en
  echo "I miss them terribly." | samo analyze -
  samo analyze entry.txt --json | jq .emotion_analysis.moods
  samo analyze voice.m4a --url http://localhost:3000
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = command_parser(
        "analyze",
        "Print the insight of one entry: its summary, its moods and emotions, and the sentences "
        "with the emotion of each. A recording is transcribed first.",
        _EXAMPLES,
    )
    parser.add_argument(
        "entry", metavar="FILE", help="a text or a recording of any format; - reads stdin"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the response of POST /analyze/* as JSON"
    )
    add_analysis_options(parser)
    add_engine_options(parser)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    args = build_parser().parse_args(arguments)
    entry = read_entry(args.entry)
    return asyncio.run(analyze_and_print(entry, args))


async def analyze_and_print(entry: str | bytes, args: argparse.Namespace) -> int:
    """Analyse a text or a recording and print its insight; returns the exit status."""
    options = AnalysisOptions.of(args)
    async with open_engine(args) as engine:
        with working("Analysing …" if isinstance(entry, str) else "Transcribing …"):
            response = await (
                engine.analyze_text(entry, options)
                if isinstance(entry, str)
                else engine.analyze_recording(entry, options)
            )
    if args.json:
        sys.stdout.write(json.dumps(response, indent=2, ensure_ascii=False) + "\n")
    else:
        _print(response)
    if degraded := response.get("degraded"):
        messages().print(f"Incomplete: {', '.join(degraded)} failed.", style="yellow")
        return INCOMPLETE
    return OK


def _print(response: dict[str, Any]) -> None:
    # slow to import, and not needed for --json
    from samo.api.schemas import InsightResponse
    from samo.commands.rendering import print_insight

    try:
        insight = InsightResponse.model_validate(response)
    except ValidationError:
        raise CommandError(
            "The service's response has another form: it is of another version. --json prints it.",
            UNAVAILABLE,
        ) from None
    print_insight(results(), insight)
