"""What the emotions and moods of a journal did over time, and which of it chance cannot explain.

Three questions are asked: at which days the level of an emotion changed (`changes`), which weekdays
differ and which hours differ (`patterns`), for emotions and for moods. The questions
that the dates allow share `SIGNIFICANCE` equally: of journals without any change or pattern, at
most that share gets a finding. Every p-value is multiplied accordingly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Final

import numpy as np
import numpy.typing as npt

from runners.emotion.prediction import SENTIMENT_OF
from samo.insight import changes, course, patterns
from samo.insight.groupings import MOOD_SENTIMENT
from samo.insight.segmentation import Floats, segment_means
from samo.insight.trend_results import (
    QUESTIONS,
    ChangePoint,
    DatedEntry,
    GroupMeans,
    Kind,
    KindTrends,
    Question,
    RecurringPattern,
    Trends,
)

EMOTIONS: Final = frozenset(SENTIMENT_OF)
MOODS: Final = frozenset(MOOD_SENTIMENT) | {"tired"}

# Half of the share that is promised to be wrong, 5 %: the noise of a real journal is not exactly
# the null model's.
SIGNIFICANCE: Final = 0.025
# Days that stray less from their levels give no unit for a difference.
MIN_SPREAD: Final = 0.005


def analyze(entries: Sequence[DatedEntry]) -> Trends:
    """Find changes and patterns of at least one entry; their order does not matter."""
    ordered = sorted(entries, key=_when)
    emotions = _Table.of("emotion", ordered, [entry.emotions for entry in ordered])
    with_moods = [entry for entry in ordered if entry.moods is not None]
    moods = (
        _Table.of("mood", with_moods, [entry.moods or {} for entry in with_moods])
        if with_moods
        else None
    )
    asked = len(emotions.asks()) + (len(moods.asks()) if moods else 0)
    days = np.unique([entry.day.toordinal() for entry in ordered])
    return Trends(
        entries=len(entries),
        dates=_dates(days),
        gaps=course.gaps(days),
        emotions=_analyze(emotions, asked),
        moods=_analyze(moods, asked) if moods else None,
    )


def _when(entry: DatedEntry) -> tuple[object, ...]:
    moods = sorted((entry.moods or {}).items())
    return entry.day, entry.clock or time.min, sorted(entry.emotions.items()), moods


def _dates(days: course.Integers) -> list[date]:
    return [date.fromordinal(day) for day in days.tolist()]


@dataclass(frozen=True, slots=True)
class _Table:
    """The entries for which one kind is known, in order of time; `values` is (entries, names)."""

    kind: Kind
    names: list[str]
    values: Floats
    days: course.Integers
    spans: patterns.Labels  # of hours; -1 where the time of day is unknown

    @classmethod
    def of(
        cls, kind: Kind, entries: Sequence[DatedEntry], given: Sequence[dict[str, float]]
    ) -> _Table:
        names = sorted({name for values in given for name, value in values.items() if value > 0.0})
        return cls(
            kind=kind,
            names=names,
            values=np.asarray(
                [[values.get(name, 0.0) for name in names] for values in given], dtype=np.float64
            ).reshape(len(given), len(names)),
            days=np.asarray([entry.day.toordinal() for entry in entries]),
            spans=np.asarray([_span(entry.clock) for entry in entries], dtype=np.int8),
        )

    def asks(self) -> list[Question]:
        """The questions that the dates allow."""
        days = np.unique(self.days)
        allowed = {
            "change_points": len(days) >= changes.MIN_DAYS,
            "weekdays": patterns.enough(_weekdays(days), patterns.WEEKDAYS),
            "hours": patterns.enough(self.spans[self.spans >= 0], patterns.HOURS),
        }
        return [question for question in QUESTIONS if allowed[question]]


def _span(clock: time | None) -> int:
    return -1 if clock is None else clock.hour // patterns.HOURS_PER_SPAN


def _weekdays(days: course.Integers) -> patterns.Labels:
    return ((days - 1) % 7).astype(np.int8)  # ordinal 1 was a Monday


def _analyze(table: _Table, asked: int) -> KindTrends:
    """One kind; `asked` is the number of questions of all kinds."""
    level = SIGNIFICANCE / max(asked, 1)
    days, means = course.daily_means(table.values, table.days)
    found = changes.find(means, level)
    levels, numbers = _levels(means, found)
    timed = table.spans >= 0
    at = np.searchsorted(days, table.days)
    by_day = patterns.find(means, levels, _weekdays(days), days, patterns.WEEKDAYS, level)
    by_hour = patterns.find(
        table.values[timed],
        levels[at][timed],
        table.spans[timed],
        table.days[timed],
        patterns.HOURS,
        level,
    )
    smoothed = course.smooth(means, days, numbers)
    dates = _dates(days)
    return KindTrends(
        kind=table.kind,
        dates=dates,
        course={name: smoothed[:, i].tolist() for i, name in enumerate(table.names)},
        change_points=[_change_point(table, change, dates, asked) for change in found],
        patterns=[
            *(_pattern(table, "weekdays", pattern, asked) for pattern in by_day),
            *(_pattern(table, "hours", pattern, asked) for pattern in by_hour),
        ],
        weekdays=_group_means(table.names, means, _weekdays(days), patterns.WEEKDAYS),
        hours=_group_means(table.names, table.values[timed], table.spans[timed], patterns.HOURS),
        asked=table.asks(),
    )


def _levels(means: Floats, found: Sequence[changes.Change]) -> tuple[Floats, npt.NDArray[np.intp]]:
    """The mean of its level for each day and series, and the number of that level."""
    levels = np.empty_like(means)
    numbers = np.zeros(means.shape, dtype=np.intp)
    for series in range(means.shape[1]):
        starts = [change.start for change in found if change.series == series]
        levels[:, series] = segment_means(means[:, series], starts)
        for start in starts:
            numbers[start:, series] += 1
    return levels, numbers


def _change_point(
    table: _Table, change: changes.Change, dates: list[date], asked: int
) -> ChangePoint:
    difference = change.after - change.before
    varies = change.spread >= MIN_SPREAD
    return ChangePoint(
        kind=table.kind,
        name=table.names[change.series],
        start=dates[change.start],
        previous=dates[change.start - 1],
        earliest=dates[change.earliest],
        latest=dates[change.latest],
        before=change.before,
        after=change.after,
        effect_size=difference / change.spread if varies else None,
        p_value=min(1.0, change.p_value * asked),
        days_before=change.days_before,
        days_after=change.days_after,
    )


def _pattern(
    table: _Table, question: Question, pattern: patterns.Pattern, asked: int
) -> RecurringPattern:
    varies = pattern.spread >= MIN_SPREAD
    return RecurringPattern(
        kind=table.kind,
        name=table.names[pattern.series],
        question=question,
        group=pattern.group,
        difference=pattern.difference,
        effect_size=pattern.difference / pattern.spread if varies else None,
        p_value=min(1.0, pattern.p_value * asked),
        count=pattern.count,
    )


def _group_means(
    names: list[str], values: Floats, labels: patterns.Labels, grouping: patterns.Grouping
) -> list[GroupMeans]:
    """The means of each label that occurs."""
    made = []
    for label, group in enumerate(grouping.labels):
        inside = values[labels == label]
        if len(inside):
            means = dict(zip(names, inside.mean(axis=0).tolist(), strict=True))
            made.append(GroupMeans(group, len(inside), means))
    return made
