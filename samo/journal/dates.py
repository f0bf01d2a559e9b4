"""Dates of entries: in a file's path, in front matter, and in exports."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timezone
from typing import Final
from zoneinfo import ZoneInfo

from samo.limits import FIRST_TRENDS_YEAR, LAST_TRENDS_YEAR

# 2026-01-31, 2026_01_31, 20260131, 2026/01/31, and a time of day behind it: 21-30, 2130, 21.30
_IN_PATH: Final = re.compile(
    r"(?<!\d)(?P<year>\d{4})(?P<gap>[-_. /]?)(?P<month>0[1-9]|1[0-2])(?P=gap)(?P<day>[0-3]\d)"
    r"(?:[ T_-]+(?P<hour>\d{2})[-_.:h]?(?P<minute>\d{2})(?:[-_.:]?\d{2})?)?(?!\d)"
)

When = tuple[date, time | None]


def in_path(path: str) -> When | None:
    """The last date in a path without its suffix, and the time of day behind it."""
    for match in reversed(list(_IN_PATH.finditer(path))):
        try:
            day = date(int(match["year"]), int(match["month"]), int(match["day"]))
            clock = time(int(match["hour"]), int(match["minute"])) if match["hour"] else None
        except ValueError:
            continue
        if in_range(day):
            return day, clock
    return None


def parse(value: object) -> When | None:
    """A date, with or without a time, as text or as YAML has parsed it; None if it is no date."""
    if isinstance(value, datetime):
        return _local(value)
    if isinstance(value, date):
        return (value, None) if in_range(value) else None
    if not isinstance(value, str):
        return None
    value = value.strip()
    try:
        if len(value) <= len("2026-01-31"):
            return parse(date.fromisoformat(value))
        return _local(datetime.fromisoformat(value))
    except ValueError:
        return in_path(value)


def in_zone(moment: object, zone: object) -> When | None:
    """An instant of an export in the writer's time zone; in UTC if the zone is unknown."""
    try:
        instant = datetime.fromisoformat(str(moment))
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    local = instant.astimezone(_zone(zone))
    return (local.date(), _minutes(local)) if in_range(local.date()) else None


def in_range(day: date) -> bool:
    """Whether a year is plausible; others are typing errors."""
    return FIRST_TRENDS_YEAR <= day.year <= LAST_TRENDS_YEAR


def _local(moment: datetime) -> When | None:
    # day and time as they were written, whatever the offset
    return (moment.date(), _minutes(moment)) if in_range(moment.date()) else None


def _minutes(moment: datetime) -> time:
    return moment.time().replace(second=0, microsecond=0)


def _zone(name: object) -> ZoneInfo | timezone:
    try:
        return ZoneInfo(str(name))
    except (ValueError, OSError):  # unknown, or not a name; ZoneInfoNotFoundError is a KeyError
        return UTC
    except KeyError:
        return UTC
