"""The picture of the evidence against "nothing changed", as an SVG for docs/."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from training.drift.replay import Replay
from training.emotion.plots import MAIN_COLOR, SECOND_COLOR, STYLE, save


def draw(
    path: Path,
    unchanged: Sequence[Replay],
    changed: Mapping[str, Replay],
    change_at: int,
    significance: float,
) -> None:
    """Draw the evidence over the number of texts: gray without a change, colored with one.

    Args:
        path: of the SVG.
        unchanged: replays of the reference's own data.
        changed: replays whose texts change after `change_at` of them, by kind.
        change_at: see above.
        significance: below which p-value an alarm is raised.

    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 4.0))
        axes = figure.subplots()
        for number, replay in enumerate(unchanged):
            _line(axes, replay, "#bbbbbb", "GoEmotions dev, 20 orders" if number == 0 else None)
        colors = mpl.color_sequences["tab10"]
        for color, (kind, replay) in zip(colors, changed.items(), strict=False):
            _line(axes, replay, color, kind.replace("_", " "))
        axes.axhline(-math.log10(significance), color=SECOND_COLOR, linestyle="--", linewidth=1)
        axes.axvline(change_at, color=MAIN_COLOR, linewidth=0.8, linestyle=":")
        axes.text(change_at, 0.12, " the texts change", color=MAIN_COLOR, fontsize=8)
        axes.set(
            xlabel="texts", ylabel="-log10 of the smallest p-value", xlim=(0, change_at * 2),
            yscale="log", ylim=(0.1, 300),
        )  # fmt: skip
        axes.legend(frameon=False, fontsize=8, loc="upper left")
        save(figure, path)


def _line(axes: mpl.axes.Axes, replay: Replay, color: object, label: str | None) -> None:
    axes.plot(
        [one.observed for one in replay.comparisons],
        [max(0.1, one.evidence) for one in replay.comparisons],
        color=color, label=label, linewidth=1.2, marker=".", markersize=3,
    )  # fmt: skip
