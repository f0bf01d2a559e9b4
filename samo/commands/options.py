"""Options that several commands share."""

from __future__ import annotations

import argparse
import textwrap
from dataclasses import dataclass
from typing import Final

EXIT_STATUSES: Final = """\
exit status:
  0 done   2 wrong option   3 an entry was refused   4 models, service or microphone not available
  5 incomplete: a step failed, or some entries of a journal were refused   130 interrupted
"""


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """What to compute; the fields of the equivalent request."""

    summary: bool = True
    threshold: float | None = None
    language: str | None = None

    @classmethod
    def of(cls, args: argparse.Namespace) -> AnalysisOptions:
        """The options of parsed arguments."""
        return cls(not args.no_summary, args.threshold, args.language)


def command_parser(name: str, description: str, examples: str) -> argparse.ArgumentParser:
    """A parser whose help ends with examples and the exit statuses."""
    return argparse.ArgumentParser(
        prog=f"samo {name}",
        description=textwrap.fill(description, 79),
        epilog=f"examples:\n{examples}\n{EXIT_STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Add --url and --api-key."""
    group = parser.add_argument_group("where to compute")
    group.add_argument(
        "--url",
        metavar="URL",
        help="a service, such as http://localhost:3000 (default: the variable SAMO_URL; without "
        "both, the models are loaded into this process)",
    )
    group.add_argument(
        "--api-key",
        metavar="KEY",
        help="key of the service (default: the variable SAMO_API_KEY, which other users of this "
        "machine cannot see in the list of processes)",
    )


def add_analysis_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the analysis."""
    group = parser.add_argument_group("analysis")
    group.add_argument("--no-summary", action="store_true", help="without a summary")
    group.add_argument(
        "--threshold",
        type=probability,
        metavar="P",
        help="threshold of all labels, from 0 to 1 (default: the tuned threshold of each label)",
    )
    group.add_argument(
        "--language",
        type=_language,
        metavar="CODE",
        help="language of recordings, such as en (default: detected)",
    )


def probability(value: str) -> float:
    """Parse a number from 0 to 1."""
    number = float(value)
    if not 0.0 <= number <= 1.0:
        raise argparse.ArgumentTypeError("must lie between 0 and 1")
    return number


def _language(value: str) -> str | None:
    from samo import languages  # slow to import, and only needed if the option is given

    try:
        return languages.to_code(value)
    except ValueError:
        raise argparse.ArgumentTypeError(
            "unknown language: name it by a code such as en, de or pt-BR"
        ) from None
