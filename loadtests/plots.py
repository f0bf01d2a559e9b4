"""Plots of a rising load and of a soak test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from loadtests.figures import LoadStep, knee
from loadtests.processes import Usage

mpl.rcParams["svg.hashsalt"] = "samo"  # the same figures give the same file


def draw_steps(steps: Sequence[LoadStep], path: Path) -> None:
    """Plot throughput and p95 against the requests in flight; mark the knee."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    users = [step.users for step in steps]
    axes.plot(
        users, [step.requests_per_second for step in steps], "o-", label="requests per second"
    )
    axes.axvline(knee(steps).users, color="grey", linestyle="--", label="knee")
    axes.set_xscale("log", base=2)
    axes.set_xticks(users, [str(count) for count in users])
    axes.set_xlabel("requests in flight")
    axes.set_ylabel("requests per second")
    axes.set_ylim(bottom=0)
    right = axes.twinx()
    right.plot(users, [step.p95_ms for step in steps], "s--", color="tab:red", label="p95, ms")
    right.set_ylabel("p95, ms")
    right.set_ylim(bottom=0)
    figure.legend(loc="outside upper center", ncols=3, fontsize=8)
    _save(figure, path)


def draw_soak(samples: Sequence[Usage], interval: float, path: Path) -> None:
    """Plot memory, file descriptors and threads over time."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    minutes = [number * interval / 60 for number in range(len(samples))]
    series: dict[str, list[float]] = {
        "memory (PSS), MB": [sample.pss_mb for sample in samples],
        "file descriptors": [sample.descriptors for sample in samples],
        "threads": [sample.threads for sample in samples],
    }
    panels = figure.subplots(3, 1, sharex=True)
    for axes, (name, values) in zip(panels, series.items(), strict=True):
        axes.plot(minutes, values)
        axes.set_ylabel(name)
        axes.set_ylim(bottom=0)
    panels[-1].set_xlabel("minutes")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
