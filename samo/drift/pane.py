"""Counts of observations: all that is kept of them, and what instances share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from samo.drift.features import Columns
from samo.drift.statistics import Counts

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bins:
    """The bins of a feature: intervals of its values, or its categories.

    Attributes:
        edges: upper ends of all bins except the last, which has none, in ascending order; a value
            at an edge belongs to the bin below it.
        categories: their names; empty for intervals.

    """

    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of bins."""
        return len(self.categories) or len(self.edges) + 1

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each bin: its category, or its upper end, "+Inf" for the last."""
        return self.categories or (*(f"{edge:g}" for edge in self.edges), "+Inf")

    def index(self, values: Matrix) -> npt.NDArray[np.int64]:
        """Bin of each value."""
        return np.searchsorted(np.asarray(self.edges), values, side="left").astype(np.int64)


@dataclass(frozen=True, slots=True)
class Moments:
    """First and second moments of vectors of d numbers.

    Attributes:
        total: sum of the vectors, of shape (d,).
        products: sum of their outer products, of shape (d, d).

    """

    total: Matrix
    products: Matrix

    @classmethod
    def of(cls, vectors: Matrix) -> Self:
        """The moments of `vectors`, of shape (n, d)."""
        return cls(vectors.sum(axis=0), vectors.T @ vectors)


@dataclass(frozen=True, slots=True)
class Pane:
    """A part of a window.

    Attributes:
        count: number of observations.
        histograms: counts by bin, int64 of shape (bins,), of each feature that has bins.
        moments: of each feature that is a vector.

    """

    count: int
    histograms: dict[str, Counts]
    moments: dict[str, Moments]

    @classmethod
    def of(cls, columns: Columns, count: int, bins: Mapping[str, Bins]) -> Self:
        """Count `columns` of `count` observations into `bins`."""
        indices = columns.categories | {
            name: bins[name].index(values) for name, values in columns.numbers.items()
        }
        return cls(
            count,
            {
                name: np.bincount(values, minlength=bins[name].size).astype(np.int64)
                for name, values in indices.items()
            },
            {name: Moments.of(vectors) for name, vectors in columns.vectors.items()},
        )

    @classmethod
    def merged(cls, panes: Iterable[Pane]) -> Self | None:
        """The sum of panes with the same bins; None if there are none."""
        parts = list(panes)
        if not parts:
            return None
        return cls(
            sum(pane.count for pane in parts),
            {
                name: np.sum([pane.histograms[name] for pane in parts], axis=0, dtype=np.int64)
                for name in parts[0].histograms
            },
            {
                name: Moments(
                    np.sum([pane.moments[name].total for pane in parts], axis=0),
                    np.sum([pane.moments[name].products for pane in parts], axis=0),
                )
                for name in parts[0].moments
            },
        )


def newest(panes: Iterable[Pane], size: int) -> list[Pane]:
    """The last of `panes` with together at most `size` observations, but at least one pane."""
    chosen: list[Pane] = []
    count = 0
    for pane in reversed(list(panes)):
        count += pane.count
        if chosen and count > size:
            break
        chosen.append(pane)
    return chosen[::-1]
