"""Divide series into segments of constant mean: exact optimal partitioning, many series at once.

Optimal partitioning (Jackson et al., 2005) minimises the squared error of the segment means plus a
penalty per change. PELT (Killick et al., 2012) finds the same optimum and prunes candidates, which
helps where there are many changes and not where there are none. Most series of a journal have none,
so all of them are solved together instead, one vectorised step per point in time.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def partition(values: Floats, penalties: Floats, min_size: int) -> list[list[int]]:
    """Find the best segmentation of every row.

    `values` has shape (rows, points), `penalties` (rows,) in squared units of the values. Returns
    for each row the indices at which a new segment starts, ascending, without 0. A segment has at
    least `min_size` points; a row that is too short to be divided has no change.
    """
    rows, points = values.shape
    # Centred values keep the running sums small, so that their differences stay exact.
    sums = np.zeros((rows, points + 1))
    np.cumsum(values - values.mean(axis=1, keepdims=True), axis=1, out=sums[:, 1:])
    # The squares of all values are the same in every segmentation, so the cost of a segment is
    # minus its squared sum over its length.
    best = np.full((rows, points + 1), np.inf)
    best[:, 0] = -penalties
    last = np.zeros((rows, points + 1), dtype=np.intp)
    everyone = np.arange(rows)
    for end in range(min_size, points + 1):
        starts = end - min_size + 1
        inverse_lengths = 1.0 / (end - np.arange(starts))
        costs = sums[:, end, None] - sums[:, :starts]
        costs *= costs
        costs *= inverse_lengths
        np.subtract(best[:, :starts], costs, out=costs)
        last[:, end] = costs.argmin(axis=1)
        best[:, end] = costs[everyone, last[:, end]] + penalties
    return [_changes(row) for row in last]


def _changes(last: npt.NDArray[np.intp]) -> list[int]:
    """Follow the last change before each end back to the start."""
    changes: list[int] = []
    position = int(last[-1])
    while position > 0:
        changes.append(position)
        position = int(last[position])
    return changes[::-1]


def segments(changes: list[int], points: int) -> list[tuple[int, int]]:
    """Start and end of every segment; the end is exclusive."""
    edges = [0, *changes, points]
    return list(pairwise(edges))


def segment_means(values: Floats, changes: list[int]) -> Floats:
    """The mean of its segment at every point of one series."""
    means = np.empty(len(values))
    for start, end in segments(changes, len(values)):
        means[start:end] = values[start:end].mean()
    return means


def split_gains(values: Floats, min_size: int) -> Floats:
    """How far one change at each index lowers the squared error of one series.

    Returns shape (points,), 0 where a segment would have fewer than `min_size` points.
    """
    points = len(values)
    gains = np.zeros(points)
    index = np.arange(min_size, points - min_size + 1)
    if index.size:
        left = np.cumsum(values - values.mean())[index - 1]
        gains[index] = left * left * points / (index * (points - index))
    return gains
