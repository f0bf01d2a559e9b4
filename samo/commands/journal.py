"""The command `samo journal`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from runners.errors import SamoError
from samo.api.schemas import InsightResponse
from samo.batch.progress import BatchProgress
from samo.commands.console import messages, working
from samo.commands.engine import Engine, open_engine
from samo.commands.errors import INCOMPLETE, OK, REFUSED, UNAVAILABLE, USAGE, CommandError
from samo.commands.options import (
    AnalysisOptions,
    add_analysis_options,
    add_engine_options,
    command_parser,
)
from samo.journal.entries import Journal, JournalEntry, UnreadableJournal
from samo.journal.report import AnalysedEntry, render
from samo.journal.sources import read_journal

_EXAMPLES = """\
  samo journal ~/Documents/Diary
  samo journal DayOne-Export.zip --output diary.html --title "My year"
  samo journal journiv-export.zip --url http://localhost:3000
  samo journal ~/Notes --no-text --output for-my-doctor.html
"""
# By this a file is known to be a report, which may be replaced.
_MARK = b'<meta name="generator" content="samo journal '


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = command_parser(
        "journal",
        "Make one HTML file of a whole journal: how moods go over weeks, what stands out, a "
        "calendar, and the arc of each entry. It contains the sentences of your entries, loads "
        "nothing from the network and can be opened offline.",
        _EXAMPLES,
    )
    parser.add_argument(
        "journal",
        metavar="DIR",
        type=Path,
        help="a folder of Markdown or text files and recordings, named by their date "
        "(2026-01-31.md) or with a date in the front matter; or an export of Day One (JSON) or "
        "Journiv: the ZIP file, its folder or its JSON file",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        default="journal.html",
        help="the report (default: %(default)s); - for stdout",
    )
    parser.add_argument("--title", help="heading (default: the name of DIR)")
    parser.add_argument(
        "--no-text", action="store_true", help="leave out sentences, titles and summaries"
    )
    parser.add_argument(
        "--undated",
        choices=["skip", "modified"],
        default="skip",
        help="files without a date: skip them (default), or take the day of their last change",
    )
    add_analysis_options(parser)
    add_engine_options(parser)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    args = build_parser().parse_args(arguments)
    if args.output != "-":
        _check_output(Path(args.output))
    try:
        with working("Reading the journal …"):
            journal = read_journal(args.journal, undated=args.undated == "modified")
    except UnreadableJournal as error:
        raise CommandError(str(error), USAGE) from None
    if not journal.entries:
        raise CommandError(
            f"There is nothing to analyse in {args.journal}{_skipped(journal)}.", USAGE
        )
    analysed, refused = asyncio.run(_analyse(journal, args))
    if not analysed:
        raise CommandError(f"No entry could be used. {refused[0][0]}: {refused[0][1]}", REFUSED)
    with working("Looking for changes and patterns …"):
        report = render(args.title or journal.name, analysed, refused, with_text=not args.no_text)
    _write(args.output, report)
    return _conclude(args, journal, analysed, refused)


async def _analyse(
    journal: Journal, args: argparse.Namespace
) -> tuple[list[AnalysedEntry], list[tuple[str, str]]]:
    """The entries with their insights, and source and reason of those that were refused."""
    options = AnalysisOptions.of(args)
    async with open_engine(args) as engine:
        texts = asyncio.Semaphore(engine.texts_in_flight)
        recordings = asyncio.Semaphore(engine.recordings_in_flight)
        with BatchProgress(messages(), len(journal.entries), 0) as progress:

            async def run(entry: JournalEntry) -> AnalysedEntry | tuple[str, str]:
                async with texts if entry.text is not None else recordings:
                    try:
                        return AnalysedEntry(entry, await _insight(engine, entry, options))
                    except CommandError as error:
                        if error.status != REFUSED:
                            raise
                        return entry.source, str(error)
                    finally:
                        progress.advance()

            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(run(entry)) for entry in journal.entries]
            except ExceptionGroup as errors:
                raise errors.exceptions[0] from None
    outcomes = [task.result() for task in tasks]
    return (
        [one for one in outcomes if isinstance(one, AnalysedEntry)],
        [one for one in outcomes if not isinstance(one, AnalysedEntry)],
    )


async def _insight(
    engine: Engine, entry: JournalEntry, options: AnalysisOptions
) -> InsightResponse:
    response: dict[str, Any]
    if entry.text is not None:
        response = await engine.analyze_text(entry.text, options)
    else:
        response = await engine.analyze_recording(await asyncio.to_thread(_read, entry), options)
    try:
        return InsightResponse.model_validate(response)
    except ValidationError:
        raise CommandError(
            "The service's response has another form: it is of another version.", UNAVAILABLE
        ) from None


def _read(entry: JournalEntry) -> bytes:
    try:
        return entry.read_recording() if entry.read_recording else b""
    except (OSError, SamoError) as error:
        reason = error.message if isinstance(error, SamoError) else "The recording is missing."
        raise CommandError(reason, REFUSED) from None


def _check_output(path: Path) -> None:
    """Refuse to replace a file that is not a report; before the work, not after it."""
    if path.is_dir():
        raise CommandError(f"{path} is a folder: name a file for the report.", USAGE)
    if not path.parent.is_dir():
        raise CommandError(f"{path.parent} does not exist: create the folder.", USAGE)
    if not path.exists():
        return
    try:
        with path.open("rb") as file:
            is_report = _MARK in file.read(4096)
    except OSError as error:
        raise CommandError(f"{path} cannot be replaced: {error.strerror}.", USAGE) from None
    if not is_report:
        raise CommandError(f"{path} is not a report: name another --output.", USAGE)


def _write(output: str, report: str) -> None:
    if output == "-":
        sys.stdout.write(report)
        return
    try:
        # it quotes the entries: for nobody but its owner
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(report)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}.", USAGE) from None


def _conclude(
    args: argparse.Namespace,
    journal: Journal,
    analysed: list[AnalysedEntry],
    refused: list[tuple[str, str]],
) -> int:
    console = messages()
    if journal.skipped:
        console.print(f"Skipped{_skipped(journal)}.")
    for source, reason in refused:
        console.print(f"{source}: {reason}", style="yellow")
    degraded = sum(bool(one.insight.degraded) for one in analysed)
    if degraded:
        console.print(f"Steps failed for {degraded} entries.", style="yellow")
    if args.output != "-":
        console.print(f"{args.output} has {len(analysed)} entries.", style="green")
    return INCOMPLETE if refused or degraded else OK


def _skipped(journal: Journal) -> str:
    parts = [f"{count} {reason}" for reason, count in sorted(journal.skipped.items())]
    return f" ({', '.join(parts)})" if parts else ""
