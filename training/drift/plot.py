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
        end = 2 * change_at
        for number, replay in enumerate(unchanged):
            label = f"GoEmotions dev, {len(unchanged)} orders" if number == 0 else None
            _line(axes, replay, (0, end), "#bbbbbb", label)
        colors = mpl.color_sequences["tab10"]
        for color, (kind, replay) in zip(colors, changed.items(), strict=False):
            _line(axes, replay, (change_at, end), color, kind.replace("_", " "))
        axes.axhline(
            -math.log10(significance), color=SECOND_COLOR, linestyle="--", linewidth=1,
            label="limit of an alarm",
        )  # fmt: skip
        axes.axvline(change_at, color=MAIN_COLOR, linewidth=0.8, linestyle=":")
        axes.text(change_at, 0.12, " the texts change", color=MAIN_COLOR, fontsize=8)
        axes.set(
            xlabel="texts", ylabel="-log10 of the smallest p-value", xlim=(0, end),
            yscale="log", ylim=(0.1, 300),
        )  # fmt: skip
        axes.legend(frameon=False, fontsize=8, loc="upper left")
        save(figure, path)


def _line(
    axes: mpl.axes.Axes, replay: Replay, span: tuple[int, int], color: object, label: str | None
) -> None:
    shown = [one for one in replay.comparisons if span[0] <= one.observed <= span[1]]
    axes.plot(
        [one.observed for one in shown], [max(0.1, one.evidence) for one in shown],
        color=color, label=label, linewidth=1.2,
    )  # fmt: skip
