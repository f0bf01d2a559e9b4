"""Change points: days from which on the level of an emotion is another one.

Each series is divided by `segmentation.partition` with an L2 cost, after what the previous day
explains is taken out. Series and penalty are on the scale of the noise, and the penalty is the gain
that chance alone seldom reaches (`noise`). The autocorrelation is fitted together with the changes:
a change that is overlooked looks like autocorrelation, and would be explained away by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from samo.insight import noise
from samo.insight.segmentation import (
    Floats,
    partition,
    segment_means,
    segments,
    split_gains,
)

# A level lasts at least this many days with entries. No test can distinguish a shorter one from
# noise.
MIN_LEVEL_DAYS: Final = 7
MIN_DAYS: Final = 3 * MIN_LEVEL_DAYS
# Days that differ from the commonest value, mostly 0 (not felt): rare days come in clusters.
MIN_FELT_DAYS: Final = 14
# Longer journals are divided in means of several days; a change is then placed to the day.
MAX_POINTS: Final = 400
# A change lies where its gain is at most this much below the largest: the 99 % value of Hansen
# (2000), -2 log(1 - sqrt(0.99)). It covers about 95 % of the changes that are found, as
# `make eval-trends` measures; the 95 % value covers fewer.
_INTERVAL: Final = 10.59
_MAX_REFITS: Final = 3
# Shares of the autocorrelation without changes that are tried together with changes.
_SHARES: Final = (1.0, 0.5, 0.0)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one series.

    `start` is the index of the first day of the new level, `earliest` and `latest` bound it with
    95 % confidence. `before` and `after` are the mean levels; `spread` is the standard deviation of
    the days around their levels. `gain` is in units of the noise variance.
    """

    series: int
    start: int
    earliest: int
    latest: int
    before: float
    after: float
    days_before: int
    days_after: int
    spread: float
    p_value: float


def testable(values: Floats) -> list[int]:
    """Columns of `values` (days, series) in which a change can be shown at all."""
    if len(values) < MIN_DAYS:
        return []
    middle = np.sort(values, axis=0)
    commonest = np.where((values == 0.0).mean(axis=0) >= 0.5, 0.0, middle[len(values) // 2])
    felt = (values != commonest).sum(axis=0)
    return [int(column) for column in np.flatnonzero(felt >= MIN_FELT_DAYS)]


def find(values: Floats, level: float) -> list[Change]:
    """Find the changes of all series, ordered by series and day.

    `values` has shape (days, series). Of journals without a change, at most a share `level` gets
    one in any series.
    """
    columns = testable(values)
    if not columns:
        return []
    edges = _bins(len(values))
    points = np.add.reduceat(values[:, columns], edges[:-1], axis=0) / np.diff(edges)[:, None]
    null = noise.calibrate(points, MIN_LEVEL_DAYS)
    found: list[Change] = []
    for index, fit in sorted(_divide(points, null.penalties(level)).items()):
        p_values = [null.p_value(index, gain) for gain in fit.gains()]
        found += _describe(values[:, columns[index]], columns[index], edges, fit, p_values)
    return found


def _bins(days: int) -> npt.NDArray[np.intp]:
    """Edges of at most `MAX_POINTS` groups of consecutive days."""
    return np.linspace(0, days, min(days, MAX_POINTS) + 1).astype(np.intp)


@dataclass(frozen=True, slots=True)
class _Fit:
    """The segmentation of one series.

    `rest` is the series without its autocorrelation, on the scale of the noise. It lacks the first
    point of the series, so index i of `rest` and `changes` is point i + 1.
    """

    rest: Floats
    changes: list[int]

    def error(self) -> float:
        """Squared error of the segment means."""
        return float(((self.rest - segment_means(self.rest, self.changes)) ** 2).sum())

    def neighbours(self) -> list[tuple[int, int, int]]:
        """Start of the segment before each change, the change, end of the segment after it."""
        edges = [0, *self.changes, len(self.rest)]
        return list(zip(edges, edges[1:], edges[2:], strict=False))

    def gains(self) -> list[float]:
        """How far the squared error rises without each change."""
        return [
            float(split_gains(self.rest[start:end], 1)[change - start])
            for start, change, end in self.neighbours()
        ]


def _divide(points: Floats, penalties: Floats) -> dict[int, _Fit]:
    """The best segmentation of every series that has a change, by its column in `points`."""
    phi = noise.autocorrelation(points - points.mean(axis=0))
    rest = noise.innovations(points, phi)
    variance = np.maximum(rest.var(axis=0) * len(rest) / (len(rest) - 2), noise.MIN_VARIANCE)
    tried = [(column, share * phi[column]) for column in range(len(phi)) for share in _SHARES]
    fits = _best(points, list(dict.fromkeys(tried)), variance, penalties)
    # The first fit counts overlooked changes as noise and autocorrelation: with less of both more
    # changes show. A series without a change never gets here, so this adds no false one to it.
    for _ in range(_MAX_REFITS):
        tried = []
        for column, fit in fits.items():
            levels = segment_means(points[:, column], [change + 1 for change in fit.changes])
            residuals = points[:, [column]] - levels[:, None]
            phi[column] = min(phi[column], noise.autocorrelation(residuals)[0])
            freedom = max(len(fit.rest) - len(fit.changes) - 2, 1)
            variance[column] = max(fit.error() * variance[column] / freedom, noise.MIN_VARIANCE)
            tried.append((column, phi[column]))
        refits = _best(points, tried, variance, penalties)
        settled = all(fits[column].changes == fit.changes for column, fit in refits.items())
        fits |= refits
        if settled:
            break
    return fits


def _best(
    points: Floats, tried: list[tuple[int, float]], variance: Floats, penalties: Floats
) -> dict[int, _Fit]:
    """Of the autocorrelations tried for each column, the fit with the least penalised error."""
    if not tried:
        return {}
    columns = [column for column, _ in tried]
    phi = np.asarray([share for _, share in tried])
    rest = (noise.innovations(points[:, columns], phi) / np.sqrt(variance[columns])).T
    best: dict[int, tuple[float, _Fit]] = {}
    for column, row, changes in zip(
        columns, rest, partition(rest, penalties[columns], MIN_LEVEL_DAYS), strict=True
    ):
        fit = _Fit(row, changes)
        cost = fit.error() + float(penalties[column]) * len(changes)
        if column not in best or cost < best[column][0]:
            best[column] = (cost, fit)
    return {column: fit for column, (_, fit) in best.items() if fit.changes}


def _describe(
    values: Floats, series: int, edges: npt.NDArray[np.intp], fit: _Fit, p_values: list[float]
) -> list[Change]:
    """The changes of one series by its days, `values`."""
    starts = [int(edges[change + 1]) for change in fit.changes]
    if len(edges) <= len(values):
        starts = _to_the_day(values, edges, fit.changes, starts)
    spread = float(np.std(values - segment_means(values, starts)))
    levels = segments(starts, len(values))
    described = []
    for number, (first, change, end) in enumerate(fit.neighbours()):
        gains = split_gains(fit.rest[first:end], 1)
        likely = first + np.flatnonzero(gains >= gains[change - first] - _INTERVAL)
        before, after = levels[number], levels[number + 1]
        described.append(
            Change(
                series=series,
                start=starts[number],
                earliest=min(int(edges[likely[0] + 1]), starts[number]),
                latest=max(int(edges[likely[-1] + 2]) - 1, starts[number]),
                before=float(values[slice(*before)].mean()),
                after=float(values[slice(*after)].mean()),
                days_before=before[1] - before[0],
                days_after=after[1] - after[0],
                spread=spread,
                p_value=p_values[number],
            )
        )
    return described


def _to_the_day(
    values: Floats, edges: npt.NDArray[np.intp], changes: list[int], starts: list[int]
) -> list[int]:
    """Place each change between the groups of days around it, by squared error."""
    placed = []
    levels = segments(starts, len(values))
    for change, before, after in zip(changes, levels, levels[1:], strict=False):
        first, end = edges[change], edges[change + 2]
        days = values[first:end]
        nearer = (days - values[slice(*before)].mean()) ** 2
        nearer -= (days - values[slice(*after)].mean()) ** 2
        placed.append(int(first + np.argmin(np.concatenate([[0.0], np.cumsum(nearer)]))))
    return placed
