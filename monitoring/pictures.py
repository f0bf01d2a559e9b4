"""Draw the dashboard: each panel's queries, asked of Prometheus, as a graph."""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from monitoring import beside, panels, prometheus_server, promql, traffic
from monitoring.panel import Panel, Row
from monitoring.prometheus_server import Prometheus

FILE: Final = "dashboard.svg"
_COLUMNS: Final = 3
_SCRAPE_SECONDS: Final = 2
_WINDOW: Final = "20s"
_PAUSE_SECONDS: Final = 0.15
_MAX_LEGEND: Final = 6
"""Series in the legend of a graph; the others are drawn without a name."""


def draw(work: Path, target: Path, seconds: float) -> None:
    """Start the service and Prometheus, send requests, and draw what Prometheus then knows."""
    with (
        beside.service(None, prometheus_server.free_port()) as url,
        prometheus_server.running(
            url, work, prometheus_server.free_port(), _SCRAPE_SECONDS
        ) as prometheus,
    ):
        start = time.time()
        count = asyncio.run(traffic.send_for(url, seconds, _PAUSE_SECONDS))
        print(f"{count} requests in {seconds:.0f} s")
        _draw(prometheus, target / FILE, start, time.time())


def _draw(prometheus: Prometheus, file: Path, start: float, end: float) -> None:
    # without random ids and a date, the same numbers result in the same bytes
    mpl.rcParams.update({"svg.hashsalt": "samo", "font.size": 8})
    rows = [row for group in panels.ROWS for row in _lines(group)]
    figure, axes = plt.subplots(
        len(rows), _COLUMNS, figsize=(14, 2.5 * len(rows)), layout="constrained", squeeze=False
    )
    for row, line in zip(rows, axes, strict=True):
        for place, axis in enumerate(line):
            if place < len(row):
                _draw_panel(prometheus, row[place], axis, start, end)
            else:
                axis.set_axis_off()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
    print(f"wrote {file}")


def _lines(row: Row) -> list[tuple[Panel, ...]]:
    return [row.panels[i : i + _COLUMNS] for i in range(0, len(row.panels), _COLUMNS)]


def _draw_panel(prometheus: Prometheus, panel: Panel, axis: Axes, start: float, end: float) -> None:
    axis.set_title(panel.title, loc="left", fontweight="bold")
    for query in panel.queries:
        expression = promql.resolve(query.expression, _WINDOW)
        if panel.is_stat:
            _write_values(prometheus.query(expression), query.legend, panel, axis)
            continue
        series = prometheus.query_range(expression, start, end, _SCRAPE_SECONDS)
        for number, one in enumerate(series):
            points = [(float(at) - start, float(value)) for at, value in one["values"]]
            finite = [point for point in points if math.isfinite(point[1])]
            label = _name(query.legend, one["metric"]) if number < _MAX_LEGEND else None
            axis.plot(*zip(*finite, strict=True) if finite else ([], []), label=label)
    if not panel.is_stat:
        axis.set(ylim=(0, None), xlim=(0, end - start), xlabel="seconds", ylabel=_unit(panel))
        if axis.lines:
            axis.legend(loc="upper left", fontsize=6)


def _write_values(series: list[dict[str, Any]], legend: str, panel: Panel, axis: Axes) -> None:
    axis.set_axis_off()
    lines = [
        f"{_format(float(one['value'][1]), panel)}  {_name(legend, one['metric'])}"
        for one in series
    ]
    axis.text(0, 0.85, "\n".join(lines), transform=axis.transAxes, fontsize=11, va="top")


def _name(legend: str, labels: dict[str, str]) -> str:
    for label, value in labels.items():
        legend = legend.replace(f"{{{{{label}}}}}", value)
    return legend


def _format(value: float, panel: Panel) -> str:
    if panel.unit == "percentunit":
        return f"{value:.2%}"
    if panel.unit in ("s", "dtdurations"):
        return f"{value:.3g} s"
    return f"{value:.3g}"


def _unit(panel: Panel) -> str:
    names = {"s": "seconds", "reqps": "per second", "percentunit": "share", "bytes": "bytes"}
    return names.get(panel.unit, "")
