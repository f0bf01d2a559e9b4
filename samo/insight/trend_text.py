"""A few plain sentences about a journal: only what the tests support, in dates and sizes."""

from __future__ import annotations

from datetime import date
from typing import Final

from samo.insight import changes, patterns
from samo.insight.trend_results import (
    ChangePoint,
    KindTrends,
    Question,
    RecurringPattern,
    Trends,
)

# More than these are counted; the answer lists all of them.
MAX_CHANGES: Final = 6
MAX_PATTERNS: Final = 6
MAX_GAPS: Final = 3
# Larger effects only say that the emotion hardly varied around its levels.
MAX_EFFECT_SIZE: Final = 5

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip

_UNIT: Final[dict[Question, str]] = {"weekdays": "weekday", "hours": "hour"}
_TOO_FEW: Final[dict[Question, str]] = {
    "weekdays": (
        f"Too little data for weekdays: they need entries on {patterns.MIN_ENTRIES} days or more, "
        f"and {patterns.MIN_GROUP} on each of two weekdays."
    ),
    "hours": (
        f"Too little data for hours: they need {patterns.MIN_ENTRIES} entries or more with a time "
        f"of day, and {patterns.MIN_GROUP} in each of two spans of the day."
    ),
}


def describe(trends: Trends) -> str:
    """The text for a journal."""
    return " ".join(
        [
            _extent(trends),
            *_gaps(trends),
            *_changes(trends),
            *_patterns(trends, "weekdays"),
            *_patterns(trends, "hours"),
        ]
    )


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _extent(trends: Trends) -> str:
    entries = _counted(trends.entries, "entry", "entries")
    first, last = trends.dates[0], trends.dates[-1]
    if first == last:
        return f"{entries} on {_day(first)}."
    days = _counted(len(trends.dates), "day", "days")
    return f"{entries} on {days}, from {_day(first)} to {_day(last)}."


def _gaps(trends: Trends) -> list[str]:
    longest = sorted(trends.gaps, key=lambda gap: -gap.days)[:MAX_GAPS]
    sentences = [
        f"There are no entries from {_day(date.fromordinal(gap.start))} to "
        f"{_day(date.fromordinal(gap.end))}."
        for gap in sorted(longest, key=lambda gap: gap.start)
    ]
    if more := len(trends.gaps) - len(longest):
        sentences.append(f"{_counted(more, 'shorter gap is', 'shorter gaps are')} in `gaps`.")
    return sentences


def _name(kind: str, name: str) -> str:
    return name.capitalize() if kind == "emotion" else f"The mood {name}"


def _size(effect_size: float | None) -> str:
    if effect_size is None:
        return ""
    size = abs(effect_size)
    number = f"{size:.1f}" if size <= MAX_EFFECT_SIZE else f"more than {MAX_EFFECT_SIZE}"
    return f" ({number} standard deviations)"


def _change(change: ChangePoint) -> str:
    verb = "rose" if change.after > change.before else "fell"
    sentence = (
        f"{_name(change.kind, change.name)} {verb} from {change.before:.2f} to {change.after:.2f}"
        f"{_size(change.effect_size)} on {_day(change.start)}"
    )
    if change.earliest == change.latest:
        return f"{sentence}."
    return (
        f"{sentence}, with 95 % confidence between {_day(change.earliest)} and "
        f"{_day(change.latest)}."
    )


def _changes(trends: Trends) -> list[str]:
    able = [kind for kind in trends.kinds if "change_points" in kind.asked]
    if not able:
        return [
            f"Too little data for changes: they need entries on {changes.MIN_DAYS} days or more."
        ]
    found = [change for kind in able for change in kind.change_points]
    if not found:
        return [f"No change in {_of(able)} stands out from chance."]
    largest = sorted(found, key=_weight)[:MAX_CHANGES]
    sentences = [_change(change) for change in sorted(largest, key=lambda change: change.start)]
    if more := len(found) - len(largest):
        sentences.append(f"{_counted(more, 'smaller change is', 'smaller changes are')} listed.")
    return sentences


def _weight(found: ChangePoint | RecurringPattern) -> float:
    """Largest effect first; one without a unit is as clear as can be."""
    return -float("inf") if found.effect_size is None else -abs(found.effect_size)


def _of(kinds: list[KindTrends]) -> str:
    return " or ".join(f"{kind.kind}s" for kind in kinds)


def _pattern(pattern: RecurringPattern) -> str:
    verb = "higher" if pattern.difference > 0 else "lower"
    if pattern.question == "weekdays":
        where = "at weekends" if pattern.group == "weekend" else f"on {pattern.group}s"
        others = "on other days"
    else:
        start, end = pattern.group.split("-")
        where, others = f"between {start} and {end}", "at other hours"
    return (
        f"{_name(pattern.kind, pattern.name)} is {verb} {where} than {others}, by "
        f"{abs(pattern.difference):.2f}{_size(pattern.effect_size)}."
    )


def _patterns(trends: Trends, question: Question) -> list[str]:
    able = [kind for kind in trends.kinds if question in kind.asked]
    if not able:
        return [_TOO_FEW[question]]
    found = [one for kind in able for one in kind.patterns if one.question == question]
    if not found:
        return [f"No pattern of the {_UNIT[question]} in {_of(able)} stands out from chance."]
    largest = sorted(found, key=_weight)[:MAX_PATTERNS]
    sentences = [_pattern(pattern) for pattern in largest]
    if more := len(found) - len(largest):
        sentences.append(f"{_counted(more, 'smaller pattern is', 'smaller patterns are')} listed.")
    return sentences
