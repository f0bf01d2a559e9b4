"""What a panel of the dashboard consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["short", "s", "bytes", "percentunit", "reqps", "dtdurations", "none"]
"""A unit as Grafana names it; "dtdurations" is a duration in seconds."""


@dataclass(frozen=True)
class Query:
    """A query in PromQL, and the name of each series, with its labels in double braces."""

    expression: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """A graph over time, or with `is_stat` the latest value only."""

    title: str
    description: str
    queries: tuple[Query, ...]
    unit: Unit = "short"
    is_stat: bool = False


@dataclass(frozen=True)
class Row:
    """A heading of the dashboard and the panels below it."""

    title: str
    panels: tuple[Panel, ...]
