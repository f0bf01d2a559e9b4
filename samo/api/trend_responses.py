"""From the request of `/insights/trends` to its response."""

from __future__ import annotations

from datetime import date

from fastapi import Response

from samo.api.schemas import trends as schemas
from samo.api.serialization import json_response
from samo.insight.trend_results import (
    ChangePoint,
    DatedEntry,
    KindTrends,
    Question,
    RecurringPattern,
    Trends,
)
from samo.insight.trend_text import describe
from samo.insight.trends import analyze

# Decimals of confidences and of p-values.
_DIGITS = 4
_P_DIGITS = 5


def respond(request: schemas.TrendsRequest) -> Response:
    """Analyze the entries; takes up to a second, so call it in a thread."""
    return json_response(find_trends(request))


def find_trends(request: schemas.TrendsRequest) -> schemas.TrendsResponse:
    """The changes and patterns of the entries; takes up to a second."""
    return response(analyze([_entry(entry) for entry in request.entries]))


def _entry(entry: schemas.TrendsEntry) -> DatedEntry:
    when = schemas.parse_date(entry.date)
    return DatedEntry(
        day=when.date(),
        clock=when.time() if schemas.has_clock(entry.date) else None,
        emotions=entry.emotions,
        moods=entry.moods,
    )


def response(trends: Trends) -> schemas.TrendsResponse:
    """The trends as a schema object."""
    change_points = [point for kind in trends.kinds for point in kind.change_points]
    patterns = [pattern for kind in trends.kinds for pattern in kind.patterns]
    return schemas.TrendsResponse(
        entries=trends.entries,
        days=len(trends.dates),
        first_date=trends.dates[0],
        last_date=trends.dates[-1],
        gaps=[
            schemas.TrendsGap(
                start=date.fromordinal(gap.start), end=date.fromordinal(gap.end), days=gap.days
            )
            for gap in trends.gaps
        ],
        tested=schemas.TrendsQuestions(
            emotions=trends.emotions.asked, moods=trends.moods.asked if trends.moods else []
        ),
        change_points=[
            _change_point(point)
            for point in sorted(change_points, key=lambda point: (point.start, point.name))
        ],
        patterns=[_pattern(pattern) for pattern in sorted(patterns, key=_clearness)],
        weekdays=_groups(trends, "weekdays"),
        hours=_groups(trends, "hours"),
        course=schemas.Courses(
            emotions=_course(trends.emotions),
            moods=_course(trends.moods) if trends.moods else None,
        ),
        text=describe(trends),
    )


def _clearness(pattern: RecurringPattern) -> tuple[float, float]:
    return pattern.p_value, -abs(pattern.difference)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def _change_point(point: ChangePoint) -> schemas.TrendsChangePoint:
    return schemas.TrendsChangePoint(
        emotion=point.name,
        kind=point.kind,
        date=point.start,
        previous_date=point.previous,
        earliest=point.earliest,
        latest=point.latest,
        level_before=round(point.before, _DIGITS),
        level_after=round(point.after, _DIGITS),
        effect_size=_rounded(point.effect_size),
        p_value=round(point.p_value, _P_DIGITS),
        days_before=point.days_before,
        days_after=point.days_after,
    )


def _pattern(pattern: RecurringPattern) -> schemas.TrendsPattern:
    return schemas.TrendsPattern(
        emotion=pattern.name,
        kind=pattern.kind,
        question=pattern.question,
        group=pattern.group,
        difference=round(pattern.difference, _DIGITS),
        effect_size=_rounded(pattern.effect_size),
        p_value=round(pattern.p_value, _P_DIGITS),
        count=pattern.count,
    )


def _groups(trends: Trends, question: Question) -> list[schemas.TrendsGroup]:
    return [
        schemas.TrendsGroup(
            kind=kind.kind,
            group=group.group,
            count=group.count,
            means={name: round(mean, _DIGITS) for name, mean in group.means.items()},
        )
        for kind in trends.kinds
        for group in (kind.weekdays if question == "weekdays" else kind.hours)
    ]


def _course(kind: KindTrends) -> schemas.Course:
    values = {
        name: [round(value, _DIGITS) for value in values] for name, values in kind.course.items()
    }
    return schemas.Course(dates=kind.dates, values=values)
