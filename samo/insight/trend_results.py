"""What goes into the analysis of a journal, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Final, Literal

from samo.insight.course import Gap

Kind = Literal["emotion", "mood"]
Question = Literal["change_points", "weekdays", "hours"]
QUESTIONS: Final[tuple[Question, ...]] = ("change_points", "weekdays", "hours")


@dataclass(frozen=True, slots=True)
class DatedEntry:
    """The emotions and moods of an entry, name to confidence; a name left out counts as 0.

    `day` and `clock` are the writer's own; `clock` is None where the time of day is unknown,
    `moods` where no moods are known.
    """

    day: date
    clock: time | None
    emotions: dict[str, float]
    moods: dict[str, float] | None


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """The first day of a new level.

    `start` is the first day of the new level, `previous` the last day with an entry before it. The
    change happened from `earliest` to `latest` with 95 % confidence. `before` and `after` are the
    means of the two levels, `effect_size` is their difference in standard deviations of the days
    around their levels, None where these do not vary.
    """

    kind: Kind
    name: str
    start: date
    previous: date
    earliest: date
    latest: date
    before: float
    after: float
    effect_size: float | None
    p_value: float
    days_before: int
    days_after: int


@dataclass(frozen=True, slots=True)
class RecurringPattern:
    """A weekday or a span of hours in which an emotion or mood has another level than elsewhere.

    `difference` is the mean in `group` less the mean elsewhere, after changes of the level are
    taken out; `count` is the number of days, for hours of entries, in `group`.
    """

    kind: Kind
    name: str
    question: Question
    group: str
    difference: float
    effect_size: float | None
    p_value: float
    count: int


@dataclass(frozen=True, slots=True)
class GroupMeans:
    """The mean of every emotion or mood on one weekday, or in one span of hours."""

    group: str
    count: int
    means: dict[str, float]


@dataclass(frozen=True, slots=True)
class KindTrends:
    """What is known about the emotions, or about the moods.

    `course` holds for each name that occurs its smoothed value on each of `dates`, the days that
    have entries. `asked` names the questions that the dates allow; for the others there are too few
    entries. `weekdays` counts days, `hours` entries.
    """

    kind: Kind
    dates: list[date]
    course: dict[str, list[float]]
    change_points: list[ChangePoint]
    patterns: list[RecurringPattern]
    weekdays: list[GroupMeans]
    hours: list[GroupMeans]
    asked: list[Question]


@dataclass(frozen=True, slots=True)
class Trends:
    """What is known about a journal; `moods` is None where no entry has moods."""

    entries: int
    dates: list[date]
    gaps: list[Gap]
    emotions: KindTrends
    moods: KindTrends | None

    @property
    def kinds(self) -> list[KindTrends]:
        """Emotions, and moods where they are known."""
        return [self.emotions] if self.moods is None else [self.emotions, self.moods]
