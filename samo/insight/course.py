"""The course of a journal over its days: daily means, a smoothed course, gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from samo.insight.segmentation import Floats

# Standard deviation of the Gaussian that weights neighbouring days, and how far it reaches.
SMOOTHING_DAYS: Final = 5.0
REACH_DAYS: Final = 15
# A stretch without entries of at least this many days is named; the course does not reach across.
MIN_GAP_DAYS: Final = 14

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Gap:
    """Days without an entry; `start` and `end` are ordinals of its first and its last."""

    start: int
    end: int

    @property
    def days(self) -> int:
        """Its length."""
        return self.end - self.start + 1


def daily_means(values: Floats, days: Integers) -> tuple[Integers, Floats]:
    """The days that have entries and the mean of each; `days` ascends."""
    unique, starts, counts = np.unique(days, return_index=True, return_counts=True)
    return unique, np.add.reduceat(values, starts, axis=0) / counts[:, None]


def gaps(days: Integers) -> list[Gap]:
    """Gaps between `days`, ascending ordinals."""
    before = np.flatnonzero(np.diff(days) > MIN_GAP_DAYS)
    return [Gap(int(days[i]) + 1, int(days[i + 1]) - 1) for i in before]


def smooth(values: Floats, days: Integers, levels: npt.NDArray[np.intp]) -> Floats:
    """Each day's mean of the days around it, weighted by a Gaussian.

    `values` and `levels` have shape (days, series). `levels` numbers the levels of each series:
    days of another level have no weight, so that a change stays where it is.
    """
    total, weights = values.copy(), np.ones_like(values)
    for shift in range(1, min(REACH_DAYS + 1, len(days))):
        apart = days[shift:] - days[:-shift]
        weight = np.where(apart <= REACH_DAYS, np.exp(-0.5 * (apart / SMOOTHING_DAYS) ** 2), 0.0)
        near = (levels[shift:] == levels[:-shift]) * weight[:, None]
        total[shift:] += near * values[:-shift]
        weights[shift:] += near
        total[:-shift] += near * values[shift:]
        weights[:-shift] += near
    smoothed: Floats = total / weights
    return smoothed
