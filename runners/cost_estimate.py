"""Estimate how long a model computes per unit of cost, from its latest batches."""

from __future__ import annotations

from typing import Final

_SMOOTHING: Final = 0.2
"""Weight of the latest batch in the moving averages."""


class CostEstimate:
    """A running estimate of a model's computing time per unit of cost.

    It is the ratio of two moving averages, of seconds and of cost. In an average of ratios, a short
    item would count as much as a long one, although its fixed overhead makes it untypical.
    """

    def __init__(self, seconds_per_cost: float) -> None:
        """Start with an initial estimate, which counts as a batch of cost 1."""
        self._seconds, self._cost = seconds_per_cost, 1.0

    @property
    def seconds_per_cost(self) -> float:
        """The current estimate."""
        return self._seconds / self._cost

    def add(self, seconds: float, cost: int) -> None:
        """Add a batch that was computed in `seconds`."""
        cost = max(1, cost)
        self._seconds += (seconds - self._seconds) * _SMOOTHING
        self._cost += (cost - self._cost) * _SMOOTHING
