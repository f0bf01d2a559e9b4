"""What chance alone does to a journal's series: autocorrelated noise around one level.

A mood lasts, so neighbouring days resemble one another, and a mean that wanders for a week is no
change. Surrogate series have the values and the autocorrelation of the real ones, and no change:
normal scores from a first-order autoregression, each replaced by the quantile of the real series
that it stands for. So a series that is 0 on most days has surrogates that are. The largest gain
that one change has in the surrogates calibrates the penalty.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from statistics import NormalDist
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from samo.insight.segmentation import Floats, segment_means, split_gains

# The same journal gets the same answer.
SEED: Final = 20260131
# Short journals get more surrogates: as many as this many values make.
_SURROGATE_VALUES: Final = 3_000_000
_MIN_SURROGATES: Final = 400
_MAX_SURROGATES: Final = 1_600
# Surrogates are made in rounds of about this many values, which fit into the CPU's cache.
_ROUND_VALUES: Final = 200_000
# A series with a higher autocorrelation is taken for one of this: above it, noise and changes of
# the level cannot be told apart.
MAX_AUTOCORRELATION: Final = 0.95
_MAX_LATENT: Final = 0.98
# The estimate from n points is about (2 + 3 φ) / n too low. Surrogates get half a standard error
# more. `make eval-trends` measures the false alarms with this.
_BIAS: Final = 2.0
_BIAS_SLOPE: Final = 3.0
_STANDARD_ERRORS: Final = 0.5
# Orders of the Hermite expansion of the quantile function.
_ORDERS: Final = 12
# Quantiles are tabulated for normal scores of at most this, in steps of 1 / _STEPS.
_MAX_SCORE: Final = 4
_STEPS: Final = 128
# Variance of a series that does not vary; confidences are rounded to 0.0001.
MIN_VARIANCE: Final = 1e-8
# Least sum of squares that the previous value leaves of a step; below it, the two explain the same.
_MIN_STEP: Final = 0.5
# The share of the surrogates to which a tail is fitted, and the least share that is read off it.
_TAIL: Final = 0.1
MIN_P_VALUE: Final = 1e-5
# The tail of statistics that take few values is at least this share of where it starts.
_LEAST_EXCESS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Maxima:
    """The largest of many statistics in each surrogate: the share that reaches a value.

    Above the 90 % quantile the distribution is continued by an exponential one fitted to it, so
    that small shares need fewer surrogates (Knijnenburg et al., 2009).
    """

    values: Floats

    @property
    def _tail(self) -> tuple[float, float]:
        """Where the tail starts and how far it exceeds that on average."""
        start = float(np.quantile(self.values, 1.0 - _TAIL))
        excess = float(self.values[self.values >= start].mean()) - start
        return start, max(excess, _LEAST_EXCESS * start, MIN_VARIANCE)

    def quantile(self, level: float) -> float:
        """The value that a share `level`, at most 0.1, of the surrogates exceeds."""
        start, excess = self._tail
        return start + excess * log(_TAIL / level)

    def p_value(self, value: float) -> float:
        """Share of surrogates that reach `value`."""
        start, excess = self._tail
        if value > start:
            return max(_TAIL * exp(-(value - start) / excess), MIN_P_VALUE)
        return float((self.values >= value).mean())


@dataclass(frozen=True, slots=True)
class Null:
    """How large a statistic of any series becomes by chance.

    `typical` has shape (series,) and holds the mean per series: in units of it, series of different
    distributions are comparable. `largest` is the largest of all series in each surrogate (Westfall
    and Young, 1993), which corrects for their number.
    """

    typical: Floats
    largest: Maxima

    @classmethod
    def of(cls, statistics: Floats) -> Self:
        """From statistics of shape (surrogates, series)."""
        typical = np.maximum(statistics.mean(axis=0), MIN_VARIANCE)
        return cls(typical, Maxima((statistics / typical).max(axis=1)))

    def penalties(self, level: float) -> Floats:
        """The value per series that any series reaches in a share `level` of journals."""
        penalties: Floats = self.largest.quantile(level) * self.typical
        return penalties

    def p_value(self, series: int, statistic: float) -> float:
        """Share of journals in which any series reaches as much."""
        return self.largest.p_value(statistic / float(self.typical[series]))


def autocorrelation(residuals: Floats) -> Floats:
    """Lag-1 autocorrelation of each column, between 0 and `MAX_AUTOCORRELATION`."""
    before, after = residuals[:-1], residuals[1:]
    energy = np.maximum((before * before).sum(axis=0), MIN_VARIANCE)
    phi: Floats = np.clip((before * after).sum(axis=0) / energy, 0.0, MAX_AUTOCORRELATION)
    return phi


def innovations(values: Floats, phi: Floats) -> Floats:
    """What each point adds to the share `phi` of the one before: one row fewer than `values`."""
    return values[1:] - phi * values[:-1]


def calibrate(values: Floats, min_size: int) -> Null:
    """Measure what one change gains in surrogates of `values`, of shape (points, series)."""
    points, series = values.shape
    latent = _latent(values, _persistence(values, min_size))
    # Of many series, the one that shows too little autocorrelation by luck is the one in which
    # noise is taken for a change; so none gets less than the median of them.
    latent = np.maximum(latent, np.median(latent)).astype(np.float32)
    fresh = np.sqrt(1 - latent * latent)
    table = _quantiles(values)
    offsets = np.arange(series, dtype=np.int32)
    random = np.random.default_rng(SEED)
    at_once = max(1, _ROUND_VALUES // values.size)
    surrogates = min(max(_SURROGATE_VALUES // values.size, _MIN_SURROGATES), _MAX_SURROGATES)
    rounds = []
    for start in range(0, surrogates, at_once):
        count = min(at_once, surrogates - start)
        scores = random.standard_normal((points, count, series), dtype=np.float32)
        scores[1:] *= fresh
        for t in range(1, points):
            scores[t] += latent * scores[t - 1]
        scores += _MAX_SCORE
        scores *= _STEPS
        np.clip(scores, 0, len(table) - 1, out=scores)
        index = scores.astype(np.int32)
        index *= series
        index += offsets
        rounds.append(_largest_gains(table.ravel().take(index), min_size))
    return Null.of(np.concatenate(rounds).astype(np.float64))


def _persistence(values: Floats, min_size: int) -> Floats:
    """The autocorrelation of each series besides the likeliest change, with a margin.

    A change looks like autocorrelation, so the best one is taken out first. That takes out some of
    the noise too, as do the means: so the bias and a margin are added.
    """
    points = len(values)
    residuals = np.empty_like(values)
    for column, series in enumerate(values.T):
        change = int(split_gains(series, min_size).argmax())
        residuals[:, column] = series - segment_means(series, [change] if change else [])
    phi = autocorrelation(residuals)
    phi += (_BIAS + _BIAS_SLOPE * phi) / points + _STANDARD_ERRORS * np.sqrt(
        (1.0 - phi * phi) / points
    )
    return np.minimum(phi, MAX_AUTOCORRELATION)


def _latent(values: Floats, phi: Floats) -> Floats:
    """Autocorrelation of the normal scores that gives the series the autocorrelation `phi`.

    By the Hermite expansion of the quantile function: scores that correlate with ρ give values that
    correlate with Σ aₖ² ρᵏ / Σ aₖ².
    """
    points, series = values.shape
    normal = NormalDist()
    scores = np.asarray([normal.inv_cdf((i + 0.5) / points) for i in range(points)])
    sorted_values = np.sort(values, axis=0)
    correlations = np.linspace(0.0, _MAX_LATENT, 50)
    before, hermite = np.zeros(points), np.ones(points)
    total = np.zeros(series)
    curve = np.zeros((len(correlations), series))
    for order in range(1, _ORDERS + 1):
        before, hermite = hermite, scores * hermite - (order - 1) * before
        norm = (hermite * hermite).mean()
        weight = (hermite @ sorted_values / points) ** 2 / norm
        total += weight
        curve += correlations[:, None] ** order * weight
    curve /= np.maximum(total, MIN_VARIANCE)
    return np.asarray([np.interp(phi[i], curve[:, i], correlations) for i in range(series)])


def _quantiles(values: Floats) -> npt.NDArray[np.float32]:
    """The standardised value of each series for every score; shape (scores, series)."""
    normal = NormalDist()
    shares = [normal.cdf(step / _STEPS - _MAX_SCORE) for step in range(2 * _MAX_SCORE * _STEPS)]
    ranks = np.minimum((np.asarray(shares) * len(values)).astype(np.intp), len(values) - 1)
    spread = np.sqrt(np.maximum(values.var(axis=0), MIN_VARIANCE))
    standard = ((np.sort(values, axis=0) - values.mean(axis=0)) / spread).astype(np.float32)
    table: npt.NDArray[np.float32] = standard[ranks]
    return table


def _largest_gains(values: npt.NDArray[np.float32], min_size: int) -> npt.NDArray[np.float32]:
    """The largest gain of one change, φ fitted together with the change.

    `values` has shape (points, permutations, series). Regressing on the previous value and a
    step at once equals regressing the residuals on the part of the step that the previous value
    does not explain.
    """
    after = values[1:] - values[1:].mean(axis=0)
    before = values[:-1] - values[:-1].mean(axis=0)
    energy = np.einsum("tij,tij->ij", before, before) + np.float32(MIN_VARIANCE)
    after -= np.einsum("tij,tij->ij", before, after) / energy * before
    points = len(after)
    variance = np.einsum("tij,tij->ij", after, after) / (points - 2) + np.float32(MIN_VARIANCE)
    splits = slice(min_size - 1, points - min_size)
    explained = np.cumsum(after, axis=0, out=after)[splits]
    shared = np.cumsum(before, axis=0, out=before)[splits]
    left = np.arange(min_size, points - min_size + 1, dtype=np.float32)[:, None, None]
    shared *= shared
    shared /= -energy
    shared += left * (points - left) / points
    np.maximum(shared, _MIN_STEP, out=shared)
    explained *= explained
    explained /= shared
    gains: npt.NDArray[np.float32] = explained.max(axis=0) / variance
    return gains
