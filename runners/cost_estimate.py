"""How long a unit of a model's work takes, estimated from the newest batches."""

from __future__ import annotations

from typing import Final

_SMOOTHING: Final = 0.2
"""Weight of the newest batch."""


class CostEstimate:
    """A running estimate of the seconds that a model computes per unit of cost.

    The ratio of two moving averages: in an average of ratios a short item, whose fixed part weighs
    most, would count as much as a long one.
    """

    def __init__(self, seconds_per_cost: float) -> None:
        """Start with a guess, which weighs as a batch of cost 1."""
        self._seconds, self._cost = seconds_per_cost, 1.0

    @property
    def seconds_per_cost(self) -> float:
        """The estimate."""
        return self._seconds / self._cost

    def add(self, seconds: float, cost: int) -> None:
        """Count a batch of this cost that took the model `seconds`."""
        cost = max(1, cost)
        self._seconds += (seconds - self._seconds) * _SMOOTHING
        self._cost += (cost - self._cost) * _SMOOTHING
