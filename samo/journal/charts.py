"""Geometry of the report's drawings: lines over days, months as weeks, the arc of an entry."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from runners.emotion.prediction import SENTIMENT_OF
from samo.api.schemas import InsightResponse

# The coordinates of a line chart; the SVG is scaled to the width of the page.
WIDTH: Final = 720.0
HEIGHT: Final = 180.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 8.0, 10.0, 24.0
_MAX_LABELS: Final = 8

ARC_HEIGHT: Final = 48.0
_ARC_STEP: Final = 14.0
# Height of a sentence without emotion, so that it is seen.
_ARC_NEUTRAL: Final = 1.5


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart; `points` is SVG's list of "x,y"."""

    name: str
    points: str


@dataclass(frozen=True, slots=True)
class Label:
    """A text below the axis, or an upright line, at `x`."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class LineChart:
    """Values from 0 to 1 over days."""

    lines: list[Line]
    labels: list[Label]
    marks: list[Label] = field(default_factory=list)
    levels: tuple[tuple[float, str], ...] = ()
    width: float = WIDTH
    height: float = HEIGHT
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    bottom: float = HEIGHT - _BOTTOM


def line_chart(
    days: Sequence[date],
    series: Mapping[str, Sequence[float]],
    marks: Sequence[tuple[date, str]] = (),
) -> LineChart:
    """Lines of `series` with a value for each of the `days`, which are in order."""
    first, span = days[0], max((days[-1] - days[0]).days, 1)

    def x(day: date) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * (day - first).days / span, 1)

    def y(value: float) -> float:
        return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value), 1)

    return LineChart(
        lines=[
            Line(name, " ".join(f"{x(d)},{y(v)}" for d, v in zip(days, values, strict=True)))
            for name, values in series.items()
        ],
        labels=[Label(x(day), f"{day.day} {day:%b %Y}") for day in _spread(days)],
        marks=[
            Label(x(day), ", ".join(name for other, name in marks if other == day))
            for day in sorted({day for day, _ in marks})
        ],
        levels=tuple((y(value), f"{value:.0%}") for value in (0.0, 0.5, 1.0)),
    )


def _spread(days: Sequence[date]) -> list[date]:
    """Days to label: enough to read the axis, and not so close that the texts overlap."""
    span = (days[-1] - days[0]).days
    chosen: list[date] = []
    for day in days:
        if not chosen or (day - chosen[-1]).days >= span / _MAX_LABELS + 1:
            chosen.append(day)
    return chosen


@dataclass(frozen=True, slots=True)
class Month:
    """A month: its weeks from Monday, with None for the days of other months."""

    title: str
    weeks: list[list[date | None]]


def months(days: Sequence[date]) -> list[Month]:
    """The months that have an entry, in order."""
    found = sorted({(day.year, day.month) for day in days})
    weeks = calendar.Calendar()  # from Monday
    return [
        Month(
            f"{date(year, month, 1):%B %Y}",
            [
                [day if day.month == month else None for day in week]
                for week in weeks.monthdatescalendar(year, month)
            ],
        )
        for year, month in found
    ]


@dataclass(frozen=True, slots=True)
class ArcBar:
    """A sentence of an arc: upwards if its strongest emotion is positive, downwards if negative."""

    emotion: str
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Arc:
    """An entry's sentences as bars."""

    bars: list[ArcBar]
    width: float
    height: float = ARC_HEIGHT
    middle: float = ARC_HEIGHT / 2


def arc(insight: InsightResponse) -> Arc:
    """The bars of an entry's sentences, in order."""
    middle = ARC_HEIGHT / 2
    bars = []
    for index, point in enumerate(insight.arc):
        sentiment = SENTIMENT_OF.get(point.primary_emotion, "neutral")
        strength = max((one.confidence for one in point.emotions), default=0.0)
        height = _ARC_NEUTRAL if sentiment == "neutral" else max(middle * strength, _ARC_NEUTRAL)
        y = middle if sentiment == "negative" else middle - height
        if sentiment in {"neutral", "ambiguous"}:
            y = middle - height / 2
        bars.append(ArcBar(point.primary_emotion, index * _ARC_STEP, round(y, 1), round(height, 1)))
    return Arc(bars, width=max(len(bars), 1) * _ARC_STEP)
