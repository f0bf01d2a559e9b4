"""Compare two variants by a confidence sequence: its interval may be looked at at any time.

A confidence interval of a fixed sample misses the truth more and more often the more often one
looks. A confidence sequence contains it at all times at once with probability 1 - alpha. This one
is the normal mixture of Robbins (1970), the mixture sequential probability ratio test in the form
of an interval. With the estimate's variance V its half width is

    sqrt(V (V + m) / m * ln((V + m) / (alpha² V))),

where the mixture's variance m decides at which sample size the interval is narrowest for its size.
`Plan` chooses m before there is data. For estimates whose distribution is only approximately normal
it is the asymptotic confidence sequence of Waudby-Smith et al. (2024).

An observation is a caller, by the mean score of that caller's feedback: the items of a person
resemble each other, so that they are not independent. Each caller counts once, however much
feedback they gave.

All functions take numbers or arrays, whose elements are separate experiments.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Final, Self

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

# Below this number of callers the mean of a variant is not normally distributed, and nothing is
# decided.
MIN_CALLERS: Final = 30
# Added to the sum of squares: that of half a caller at 0 and half a caller at 1 around their mean.
# The variance of callers who all have the same score would be 0, and their interval empty.
_PRIOR_SQUARES: Final = 0.25


@dataclass(frozen=True)
class Plan:
    """What an experiment is to find; choose it before looking at the data.

    Attributes:
        gain: smallest difference of the scores that is worth finding, above 0 and at most 1.
        alpha: probability of naming a better variant at any time if there is none.
        power: probability of finding a true difference of `gain` with the planned sample.

    """

    gain: float = 0.03
    alpha: float = 0.05
    power: float = 0.8

    @cached_property
    def ratio(self) -> float:
        """The m / V for which the half width at the variance V is smallest."""
        ratio = 1.0
        for _ in range(100):  # the fixed point of a contraction
            ratio = math.log((1.0 + ratio) / self.alpha**2)
        return ratio

    @cached_property
    def variance(self) -> float:
        """Variance of the estimate with the planned sample.

        There the half width is sqrt(1 + ratio) standard errors. A true `gain` is found if the
        estimate exceeds that, which has the probability `power` at this distance.
        """
        errors = math.sqrt(1.0 + self.ratio) + NormalDist().inv_cdf(self.power)
        return (self.gain / errors) ** 2

    @cached_property
    def mixture(self) -> float:
        """The mixture's variance m."""
        return self.ratio * self.variance

    def half_width(self, variance: Values) -> Values:
        """Half width of the interval of an estimate with this variance."""
        total = variance + self.mixture
        width = variance * total / self.mixture * np.log(total / (self.alpha**2 * variance))
        return np.asarray(np.sqrt(width))

    def callers(self, variance_a: float, variance_b: float, share: float) -> float:
        """Callers with feedback, of both variants, in the planned sample.

        Args:
            variance_a: of the callers' scores with A.
            variance_b: of the callers' scores with B.
            share: of the callers who get B.

        """
        if not 0.0 < share < 1.0:
            return math.inf
        return (variance_a / (1.0 - share) + variance_b / share) / self.variance


@dataclass(frozen=True)
class Moments:
    """The scores of a variant's callers.

    Attributes:
        callers: their number.
        total: sum of their scores.
        squares: sum of the squares of their scores.

    """

    callers: Values
    total: Values
    squares: Values

    @classmethod
    def of(cls, scores: Iterable[float]) -> Self:
        """The moments of the callers' scores, between 0 and 1."""
        values = np.fromiter(scores, np.float64)
        return cls(
            np.asarray(float(values.size)), np.asarray(values.sum()), np.asarray(values @ values)
        )

    @property
    def mean(self) -> Values:
        """Mean score; 0 without callers."""
        return np.asarray(self.total / np.maximum(1.0, self.callers))

    @property
    def variance(self) -> Values:
        """Variance of the callers' scores, slightly overestimated for few callers."""
        squares = np.maximum(0.0, self.squares - self.total * self.mean) + _PRIOR_SQUARES
        return np.asarray(squares / np.maximum(1.0, self.callers - 1.0))


@dataclass(frozen=True)
class Difference:
    """Mean score of B minus that of A.

    Attributes:
        estimate: the difference.
        half_width: of its interval; infinite while a variant has too few callers.

    """

    estimate: Values
    half_width: Values

    @classmethod
    def between(cls, a: Moments, b: Moments, plan: Plan) -> Self:
        """The difference between two variants."""
        variance = a.variance / np.maximum(1.0, a.callers) + b.variance / np.maximum(1.0, b.callers)
        enough = np.minimum(a.callers, b.callers) >= MIN_CALLERS
        return cls(b.mean - a.mean, np.where(enough, plan.half_width(variance), np.inf))

    @property
    def b_is_better(self) -> npt.NDArray[np.bool_]:
        """Whether the interval is above 0."""
        return np.asarray(self.estimate > self.half_width)

    @property
    def a_is_better(self) -> npt.NDArray[np.bool_]:
        """Whether the interval is below 0."""
        return np.asarray(-self.estimate > self.half_width)
