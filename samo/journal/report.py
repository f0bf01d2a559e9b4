"""The report of a journal: one HTML file that loads nothing and runs no script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import jinja2

import samo
from samo.api import trend_responses
from samo.api.schemas import EmotionAnalysis, InsightResponse
from samo.api.schemas.trends import TrendsEntry, TrendsRequest, TrendsResponse
from samo.journal import charts
from samo.journal.entries import JournalEntry
from samo.journal.palette import tint
from samo.limits import MAX_TRENDS_ENTRIES

MAX_LINES: Final = 4
_FOLDER: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class AnalysedEntry:
    """An entry with its insight."""

    entry: JournalEntry
    insight: InsightResponse

    @property
    def analysis(self) -> EmotionAnalysis | None:
        """Its emotions; None without words, or if that step failed."""
        return self.insight.emotion_analysis

    @property
    def text(self) -> str:
        """The entry as it was typed, or its transcript."""
        if self.entry.text is not None:
            return self.entry.text
        return self.insight.transcription.text if self.insight.transcription else ""

    @property
    def arc(self) -> charts.Arc:
        """The drawing of its sentences."""
        return charts.arc(self.insight)


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its entries; `mood` stands for them, None if they have no words."""

    day: date
    entries: list[AnalysedEntry]
    mood: str | None


def render(
    title: str,
    entries: Sequence[AnalysedEntry],
    refused: Sequence[tuple[str, str]],
    *,
    with_text: bool,
) -> str:
    """The report as HTML.

    Args:
        title: its heading.
        entries: at least one, in order of time.
        refused: source and reason of the entries that could not be used.
        with_text: quote the entries; otherwise only emotions, moods and figures are shown.

    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tint"] = tint
    environment.filters["percent"] = lambda value: f"{value:.0%}"
    days = _days(entries)
    trends = _trends(entries)
    return environment.get_template("report.html").render(
        title=title,
        version=samo.__version__,
        days=days,
        by_day={day.day: day for day in days},
        months=charts.months([day.day for day in days]),
        entry_count=len(entries),
        word_count=sum(int(one.insight.insights.get("word_count", 0)) for one in entries),
        refused=refused,
        trends=trends,
        moods=_mood_chart(entries, trends),
        tone=_tone_chart(days),
        with_text=with_text,
    )


def _days(entries: Sequence[AnalysedEntry]) -> list[Day]:
    by_day: dict[date, list[AnalysedEntry]] = {}
    for one in entries:
        by_day.setdefault(one.entry.day, []).append(one)
    return [Day(day, own, _main_mood(own)) for day, own in sorted(by_day.items())]


def _main_mood(entries: Sequence[AnalysedEntry]) -> str | None:
    """The mood, or where there is none the emotion, with the highest confidences together."""
    sums: Counter[str] = Counter()
    for one in entries:
        if one.analysis:
            sums.update(one.analysis.moods or one.analysis.emotions)
    return sums.most_common(1)[0][0] if sums else None


def _trends(entries: Sequence[AnalysedEntry]) -> TrendsResponse | None:
    """Changes and patterns of the latest entries; None if none of them has emotions."""
    dated = [
        TrendsEntry(
            date=_written(one.entry), emotions=one.analysis.emotions, moods=one.analysis.moods
        )
        for one in entries
        if one.analysis
    ]
    if not dated:
        return None
    return trend_responses.find_trends(TrendsRequest(entries=dated[-MAX_TRENDS_ENTRIES:]))


def _written(entry: JournalEntry) -> str:
    day = entry.day.isoformat()
    return day if entry.clock is None else f"{day}T{entry.clock:%H:%M}"


def _mood_chart(
    entries: Sequence[AnalysedEntry], trends: TrendsResponse | None
) -> charts.LineChart | None:
    """The smoothed course of the moods that occur most."""
    course = trends.course.moods if trends else None
    if trends is None or course is None or len(course.dates) < 2:
        return None
    sums: Counter[str] = Counter()
    for one in entries:
        sums.update(one.analysis.moods if one.analysis else {})
    names = [name for name, _ in sums.most_common(MAX_LINES) if name in course.values]
    changes = [(one.date, one.emotion) for one in trends.change_points if one.emotion in names]
    return charts.line_chart(course.dates, {name: course.values[name] for name in names}, changes)


def _tone_chart(days: Sequence[Day]) -> charts.LineChart | None:
    """The share of positive and of negative emotions, the mean of each day."""
    means: dict[date, dict[str, Any]] = {}
    for day in days:
        found = [one.analysis.sentiments for one in day.entries if one.analysis]
        if found:
            means[day.day] = {
                name: sum(float(one.get(name, 0.0)) for one in found) / len(found)
                for name in ("positive", "negative")
            }
    if len(means) < 2:
        return None
    series = {name: [mean[name] for mean in means.values()] for name in ("positive", "negative")}
    return charts.line_chart(list(means), series)
