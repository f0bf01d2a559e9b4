"""The command `samo ab`: which variant of an A/B experiment agrees more with the feedback."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

from runners.errors import StartError
from samo.ab.agreement import MEASURES, Measure, agreement
from samo.ab.assignment import VariantName
from samo.ab.report import MIN_BALANCE, Inconsistent, Rated, Report, compare
from samo.ab.statistics import MIN_CALLERS, Plan
from samo.commands.console import results
from samo.commands.errors import INCOMPLETE, OK, REFUSED, USAGE, CommandError
from samo.commands.options import probability
from samo.settings import Settings

_EPILOG: Final = """\
examples:
  export SAMO_FEEDBACK_URL=sqlite:////var/lib/samo/feedback.db
  samo ab report
  samo ab report --gain 0.02 --since 2026-11-01 --json

exit status:
  0 done   2 wrong option   3 the feedback cannot be compared   4 the database cannot be used
  5 too little feedback to compare
"""
_VERDICTS: Final = {
    "a": "a is better.",
    "b": "b is better.",
    "same": "Neither is better by as much as {gain:g}.",
    "open": "It is not known yet which is better.",
    "too_little": f"Nothing can be said before each variant has feedback of {MIN_CALLERS} callers.",
}


def build_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = argparse.ArgumentParser(
        prog="samo ab",
        description="Compare the variants of an A/B experiment, at any time and as often as you "
        "like.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    report = actions.add_parser(
        "report", help="say which variant agrees more with the feedback in SAMO_FEEDBACK_URL"
    )
    report.add_argument(
        "--model",
        metavar="TAG",
        help="tag of variant b (default: SAMO_AB_MODEL, or the only experiment in the database)",
    )
    report.add_argument(
        "--measure",
        choices=MEASURES,
        default="f1",
        help="agreement of an answer with its feedback: "
        + ", ".join(f"{name}: {text}" for name, text in MEASURES.items()),
    )
    report.add_argument(
        "--gain", type=_gain, default=Plan.gain, metavar="D",
        help="smallest difference worth finding (default: %(default)s); choose it once",
    )  # fmt: skip
    report.add_argument(
        "--share", type=probability, metavar="S",
        help="share of the callers with b, to check the balance (default: SAMO_AB_SHARE)",
    )  # fmt: skip
    for name, text in (("since", "from this time on"), ("until", "before this time")):
        report.add_argument(
            f"--{name}", type=_time, metavar="DATE",
            help=f"only answers {text}, such as 2026-11-01 (UTC)",
        )  # fmt: skip
    report.add_argument("--json", action="store_true", help="print JSON")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit status."""
    args = build_parser().parse_args(arguments)
    try:
        settings = Settings.load()
    except StartError as error:
        raise CommandError(str(error), USAGE) from None
    if settings.feedback_url is None:
        raise CommandError(
            "Feedback is off: set SAMO_FEEDBACK_URL to the database that stores it.", USAGE
        )
    experiments = _read(settings.feedback_url.get_secret_value(), args)
    name = _choose(args.model or settings.ab_model, experiments)
    share = settings.ab_share if args.share is None else args.share
    plan = Plan(args.gain)
    try:
        report = compare(experiments[name], plan, share)
    except Inconsistent as error:
        raise CommandError(str(error), REFUSED) from None
    if args.json:
        figures = {"experiment": name, "measure": args.measure, **asdict(plan), **asdict(report)}
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    else:
        _print(name, args.measure, plan, report)
    return INCOMPLETE if report.verdict == "too_little" else OK


def _read(url: str, args: argparse.Namespace) -> dict[str, list[Rated]]:
    """The feedback of each experiment, by its name."""
    from samo.commands.feedback import opened_database  # slow to import: SQLAlchemy
    from samo.feedback.export import all_feedback

    experiments: dict[str, list[Rated]] = defaultdict(list)
    with opened_database(url, migrate=False) as engine:
        for stored in all_feedback(engine):
            answer, right = stored.answer, stored.submission.labels
            if answer.caller is None or not answer.labels or not right:
                continue
            if _is_outside(answer.at, args):
                continue
            score = agreement(answer.labels, right, args.measure)
            name = answer.caller.rpartition("/")[0]
            variant: VariantName = "b" if answer.variant == "b" else "a"
            experiments[name].append(Rated(variant, answer.model, answer.caller, score))
    return experiments


def _is_outside(at: datetime, args: argparse.Namespace) -> bool:
    return (args.since is not None and at < args.since) or (
        args.until is not None and at >= args.until
    )


def _choose(tag: str | None, experiments: dict[str, list[Rated]]) -> str:
    """The name of the experiment: the tag of b."""
    names = sorted(experiments)
    if not names:
        raise CommandError(
            "There is no feedback on answers of an experiment: set SAMO_AB_MODEL in the service, "
            "with SAMO_AB_MODE=split, send the header that SAMO_AB_HEADER names, if it is set, "
            "and send feedback with labels.",
            INCOMPLETE,
        )
    if tag is None and len(names) == 1:
        return names[0]
    found = [name for name in names if tag is not None and tag in (name, name.partition(":")[0])]
    if len(found) == 1:
        return found[0]
    problem = "Choose an experiment" if tag is None else f"There is no feedback on {tag}"
    raise CommandError(f"{problem}: --model is one of {', '.join(names)}.", REFUSED)


def _print(name: str, measure: Measure, plan: Plan, report: Report) -> None:
    """Print the report for people."""
    lines = [f"Experiment {name}", "", "variant\tcallers\tfeedback\tscore\tmodel"]
    for variant, arm in report.arms.items():
        lines.append(f"{variant}\t{arm.callers}\t{arm.items}\t{arm.score:.3f}\t{arm.model}")
    lines += ["", f"The score is {MEASURES[measure]}, as the mean over the callers.", ""]
    if report.difference is not None and report.half_width is not None:
        low, high = (report.difference + sign * report.half_width for sign in (-1, 1))
        lines.append(
            f"b - a: {report.difference:+.3f}, {1 - plan.alpha:.0%} interval {low:+.3f} to "
            f"{high:+.3f}, however often you look."
        )
    lines.append(_VERDICTS[report.verdict].format(gain=plan.gain))
    lines += _planning(plan, report) + _warnings(report)
    results().print("\n".join(lines))


def _planning(plan: Plan, report: Report) -> list[str]:
    if report.needed_callers is None or report.more_callers is None:
        return []
    return [
        f"A difference of {plan.gain:g} is found with a probability of {plan.power:.0%} or more "
        f"with feedback of {report.needed_callers:,} callers: {report.more_callers:,} more."
    ]


def _warnings(report: Report) -> list[str]:
    lines = []
    if report.switched:
        lines.append(
            f"{report.switched} callers had both variants, because the share was changed; they do "
            "not count."
        )
    if report.balance is not None and report.balance < MIN_BALANCE:
        lines.append(
            "Warning: the callers with feedback are not divided as SAMO_AB_SHARE says. Either the "
            "share was another one (--share), or people give more feedback on one variant, and "
            "the comparison is biased."
        )
    return lines


def _gain(value: str) -> float:
    gain = float(value)
    if not (math.isfinite(gain) and 0.0 < gain <= 1.0):
        raise argparse.ArgumentTypeError("must lie above 0, and be at most 1")
    return gain


def _time(value: str) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError("must look like 2026-11-01") from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
