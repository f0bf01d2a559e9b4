"""What `/insights/trends` takes and gives."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, LiteralString

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, FailFast, Field
from pydantic_core import PydanticCustomError

from samo import limits
from samo.api.schemas.base import RequestBody
from samo.insight import changes, course, patterns
from samo.insight.trends import EMOTIONS, MOODS, SIGNIFICANCE

_DATE: Final = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"([Tt ](?P<time>\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?)([Zz]|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_DATE_CHARACTERS: Final = 10


def parse_date(given: str) -> datetime.datetime:
    """The date, with or without a time zone; a date without a time of day is at midnight.

    Raises:
        PydanticCustomError: It is not in the accepted format, does not exist or is out of range;
            the message says which. It is a `ValueError`.
    """
    parts = _DATE.fullmatch(given)
    if parts is None:
        raise PydanticCustomError(
            "date_format",
            "Must be a date as YYYY-MM-DD, such as 2026-01-31, with or without a time of day and "
            "an offset, such as 2026-01-31T21:30 or 2026-01-31T21:30+01:00",
        )
    try:
        parsed = datetime.datetime.fromisoformat(given.upper())
    except ValueError:
        raise PydanticCustomError(
            "date_value", _what_is_wrong(parts["day"], parts["time"])
        ) from None
    if not limits.FIRST_TRENDS_YEAR <= parsed.year <= limits.LAST_TRENDS_YEAR:
        raise PydanticCustomError(
            "date_year",
            "Must be in the years {first} to {last}",
            {"first": limits.FIRST_TRENDS_YEAR, "last": limits.LAST_TRENDS_YEAR},
        )
    return parsed


def _what_is_wrong(day: str, time: str | None) -> LiteralString:
    """Which part of a date that Python does not accept is wrong, and what to send."""
    try:
        datetime.date.fromisoformat(day)
    except ValueError:
        return "This day is not in the calendar: check year, month and day"
    try:
        datetime.time.fromisoformat(time or "00:00")
    except ValueError:
        return "This time of day does not exist: send 00:00 to 23:59"
    return "The offset from UTC does not exist: send one such as +01:00 or -05:30, or Z"


def has_clock(given: str) -> bool:
    """Whether a date in ISO 8601 has a time of day."""
    return len(given) > _DATE_CHARACTERS


def _check_date(given: str) -> str:
    parse_date(given)
    return given


def _check_names(known: frozenset[str], kind: str) -> Callable[[Any], Any]:
    """A validator that refuses unknown names without repeating them: they are the user's text."""

    def check(given: Any) -> Any:
        if not isinstance(given, dict) or given.keys() <= known:
            return given
        message = f"Has a name that is no {kind}"
        unknown = min(given.keys() - known)
        if near := difflib.get_close_matches(unknown[:64].lower(), sorted(known), n=1):
            message += f"; did you mean `{near[0]}`"
        raise PydanticCustomError("unknown_name", message, {"valid": sorted(known)})

    return check


def _one_clock(entries: list[TrendsEntry]) -> list[TrendsEntry]:
    """Refuse times with and without a time zone together: they are not on one clock."""
    zones = {parse_date(e.date).tzinfo is not None for e in entries if has_clock(e.date)}
    if len(zones) > 1:
        raise PydanticCustomError(
            "mixed_offsets",
            "Some times have a time zone and others have none: send all of them with the writer's "
            "offset (2026-01-31T21:30+01:00), or none (2026-01-31T21:30)",
        )
    return entries


Confidence = Annotated[float, Field(ge=0.0, le=1.0)]


class TrendsEntry(BaseModel):
    """An entry of a journal: when it was written, and what was felt."""

    model_config = ConfigDict(extra="forbid", strict=True)

    date: Annotated[
        str,
        AfterValidator(_check_date),
        Field(
            description="The day as YYYY-MM-DD, with or without the time of day and the offset "
            "from UTC. Day and hour are taken as written, so send the writer's own: "
            "`2026-01-31T21:30+01:00` is an evening.",
            examples=["2026-01-31", "2026-01-31T21:30+01:00"],
        ),
    ]
    emotions: Annotated[
        dict[str, Confidence],
        BeforeValidator(_check_names(EMOTIONS, "emotion")),
        Field(
            description="Name to confidence, as in `emotion_analysis.emotions`; a name that is "
            "left out counts as 0.",
            examples=[{"joy": 0.8, "gratitude": 0.4}],
        ),
    ]
    moods: Annotated[
        dict[str, Confidence] | None,
        BeforeValidator(_check_names(MOODS, "mood")),
        Field(
            description="Name to confidence, as in `emotion_analysis.moods`; left out or null "
            "where the moods are not known.",
            examples=[{"happy": 0.7}],
        ),
    ] = None


class TrendsRequest(RequestBody):
    """Entries of one journal, in any order; nothing is stored."""

    entries: Annotated[list[TrendsEntry], FailFast(), AfterValidator(_one_clock)] = Field(
        min_length=1, max_length=limits.MAX_TRENDS_ENTRIES
    )


class TrendsGap(BaseModel):
    """A stretch of days without an entry."""

    start: datetime.date = Field(description="Its first day.")
    end: datetime.date = Field(description="Its last day.")
    days: int


class Course(BaseModel):
    """The smoothed course of every emotion, or mood, that occurs."""

    dates: list[datetime.date] = Field(description="The days with entries.")
    values: dict[str, list[float]] = Field(
        description="Name to a value for each of `dates`: the mean of the days around it, weighted "
        f"by a Gaussian with a standard deviation of {course.SMOOTHING_DAYS:g} days, that reaches "
        f"{course.REACH_DAYS} days and never across a change point."
    )


class Courses(BaseModel):
    """The courses of emotions and moods."""

    emotions: Course
    moods: Course | None = Field(description="Null where no entry has moods.")


class TrendsFinding(BaseModel):
    """What a change point and a pattern have in common."""

    emotion: str = Field(description="The emotion or mood.", examples=["joy"])
    kind: Literal["emotion", "mood"]
    effect_size: float | None = Field(
        description="The difference in standard deviations of the days, for hours of the entries, "
        "around their levels; null where these do not vary."
    )
    p_value: float = Field(
        ge=0.0,
        le=1.0,
        description="Share of journals of pure noise in which anything as clear is found, "
        f"corrected for all emotions, moods and questions; at most {SIGNIFICANCE}.",
    )


class TrendsChangePoint(TrendsFinding):
    """A day from which on the level of an emotion or mood is another one."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    date: datetime.date = Field(description="The first day of the new level that has an entry.")
    previous_date: datetime.date = Field(description="The last day before it that has an entry.")
    earliest: datetime.date = Field(description="The change lies from here")
    latest: datetime.date = Field(description="to here with 95 % confidence.")
    level_before: float = Field(alias="from", description="Mean of the days of the level before.")
    level_after: float = Field(alias="to", description="Mean of the days of the new level.")
    days_before: int = Field(description="Days with entries of the level before.")
    days_after: int = Field(description="Days with entries of the new level.")


class TrendsPattern(TrendsFinding):
    """A weekday, or hours of the day, with another level than all others."""

    question: Literal["weekdays", "hours"]
    group: str = Field(
        description="A weekday, `weekend`, or a span of hours.",
        examples=["Saturday", "weekend", "20:00-24:00"],
    )
    difference: float = Field(
        description="Mean in the group less the mean elsewhere, without changes of the level."
    )
    count: int = Field(description="Days, for hours entries, in the group.")


class TrendsGroup(BaseModel):
    """Means of one weekday, or of a span of hours."""

    kind: Literal["emotion", "mood"]
    group: str = Field(examples=["Saturday", "20:00-24:00"])
    count: int = Field(description="Days, for hours entries, in the group.")
    means: dict[str, float] = Field(description="Name to mean.", examples=[{"joy": 0.41}])


class TrendsQuestions(BaseModel):
    """Questions for which there is enough data; the others were not tested."""

    emotions: list[Literal["change_points", "weekdays", "hours"]]
    moods: list[Literal["change_points", "weekdays", "hours"]]


class TrendsResponse(BaseModel):
    """What a journal's emotions and moods did over time."""

    entries: int
    days: int = Field(description="Days that have entries.")
    first_date: datetime.date
    last_date: datetime.date
    gaps: list[TrendsGap] = Field(
        description=f"Stretches of {course.MIN_GAP_DAYS} days or more without an entry."
    )
    tested: TrendsQuestions = Field(
        description=f"`change_points` needs {changes.MIN_DAYS} days with entries, `weekdays` "
        f"{patterns.MIN_ENTRIES}, `hours` {patterns.MIN_ENTRIES} entries with a time of day."
    )
    change_points: list[TrendsChangePoint] = Field(description="By date.")
    patterns: list[TrendsPattern] = Field(description="The clearest first.")
    weekdays: list[TrendsGroup]
    hours: list[TrendsGroup]
    course: Courses
    text: str = Field(
        description="The findings in plain English.",
        examples=["40 entries on 40 days, from 1 January 2026 to 9 February 2026."],
    )
