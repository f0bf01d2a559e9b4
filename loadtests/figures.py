"""Statistics and pass marks of the load tests."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# The latency that the replaced system claimed.
TEXT_P95_MS = 500.0


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile: the smallest value with at least `share` (0 to 1) at or below it.

    Raises `ValueError` if `values` is empty or `share` is outside [0, 1].
    """
    if not values or not 0 <= share <= 1:
        raise ValueError("A percentile needs values, and a share from 0 to 1.")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@dataclass(frozen=True, slots=True)
class LoadStep:
    """One step of a rising load: concurrent users, throughput and response times."""

    users: int
    requests_per_second: float
    p50_ms: float
    p95_ms: float
    error_share: float = 0.0


def knee(steps: Sequence[LoadStep]) -> LoadStep:
    """Return the step with the greatest power, throughput divided by response time.

    With fewer users the server is sometimes idle; with more, requests only wait longer.
    L. Kleinrock, "Power and deterministic rules of thumb for probabilistic problems in computer
    communications", ICC 1979. Raises `ValueError` if no step has a response.
    """
    answered = [step for step in steps if step.requests_per_second > 0 and step.p50_ms > 0]
    if not answered:
        raise ValueError("No step has a response.")
    return max(answered, key=lambda step: step.requests_per_second / step.p50_ms)


def max_load_within(steps: Sequence[LoadStep], p95_ms: float) -> LoadStep | None:
    """Return the step with the most users whose p95 is at most `p95_ms`, or None."""
    within = [step for step in steps if step.p95_ms <= p95_ms]
    return max(within, key=lambda step: step.users, default=None)


@dataclass(frozen=True, slots=True)
class PassMark:
    """A figure and its inclusive bounds."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def passed(self) -> bool:
        """True if the figure is within its bounds; NaN is not."""
        if math.isnan(self.value):
            return False
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    @property
    def bound(self) -> str:
        """The bounds as text, such as "≥ 1 and ≤ 2"."""
        low = "" if self.at_least is None else f"≥ {self.at_least:g}"
        high = "" if self.at_most is None else f"≤ {self.at_most:g}"
        return " and ".join(filter(None, (low, high)))


def text_pass_marks(
    requests: int, failures: int, seconds: float, p95_ms: float, *, per_minute: float = 1000.0
) -> list[PassMark]:
    """Return the pass marks of `make load`: the figures that the replaced system claimed."""
    return [
        PassMark(
            "text requests per minute",
            (requests - failures) * 60 / seconds if seconds else math.nan,
            at_least=per_minute,
        ),
        PassMark("text p95, ms", p95_ms, at_most=TEXT_P95_MS),
        PassMark(
            "text errors, %", 100 * failures / requests if requests else math.nan, at_most=0.1
        ),
    ]


def growth(samples: Sequence[float]) -> float:
    """Return how much a figure rose from early to late samples, in its unit.

    The first fifth is ignored, because caches and memory arenas fill up then. Of the rest, the
    result is the median of the last quarter minus the median of the first, so that a single peak
    does not count.
    Raises `ValueError` below 10 samples.
    """
    if len(samples) < 10:
        raise ValueError("Growth needs at least 10 samples.")
    settled = samples[len(samples) // 5 :]
    quarter = len(settled) // 4
    return statistics.median(settled[-quarter:]) - statistics.median(settled[:quarter])


def soak_pass_marks(
    memory_mb: Sequence[float], descriptors: Sequence[float], threads: Sequence[float]
) -> list[PassMark]:
    """Return the pass marks of `make soak`: resources must not grow with the requests served."""
    return [
        PassMark("memory growth, MB", growth(memory_mb), at_most=15.0),
        # the number of connections varies
        PassMark("file descriptor growth", growth(descriptors), at_most=4.0),
        PassMark("thread growth", growth(threads), at_most=0.0),
    ]
