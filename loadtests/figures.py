"""The arithmetic of the load tests; no server, no clock."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

# What the replaced system claimed of itself.
TEXT_P95_MS = 500.0


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile: the smallest value with at least `share` (0 to 1) at or below it.

    Raises `ValueError` where there are no values or `share` is outside [0, 1].
    """
    if not values or not 0 <= share <= 1:
        raise ValueError("A percentile needs values, and a share from 0 to 1.")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a load that rises: users at a time, what they got, how long they waited."""

    users: int
    requests_per_second: float
    p50_ms: float
    p95_ms: float
    error_share: float = 0.0


def knee(steps: Sequence[Step]) -> Step:
    """Return the step with the greatest power, throughput divided by response time.

    Below it the server is idle at times; above it requests only wait longer.
    L. Kleinrock, "Power and deterministic rules of thumb for probabilistic problems in computer
    communications", ICC 1979. Raises `ValueError` where no step answered anything.
    """
    answered = [step for step in steps if step.requests_per_second > 0 and step.p50_ms > 0]
    if not answered:
        raise ValueError("No step has an answer.")
    return max(answered, key=lambda step: step.requests_per_second / step.p50_ms)


def most_within(steps: Sequence[Step], p95_ms: float) -> Step | None:
    """Return the step with the most users whose p95 keeps a bound; None where none does."""
    within = [step for step in steps if step.p95_ms <= p95_ms]
    return max(within, key=lambda step: step.users, default=None)


@dataclass(frozen=True, slots=True)
class Mark:
    """A figure and the bound that it has to keep; the bound itself passes."""

    name: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the figure keeps its bounds; one that is not a number does not."""
        if math.isnan(self.value):
            return False
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    @property
    def bound(self) -> str:
        """The bound in words."""
        low = "" if self.at_least is None else f"≥ {self.at_least:g}"
        high = "" if self.at_most is None else f"≤ {self.at_most:g}"
        return " and ".join(filter(None, (low, high)))


def text_marks(
    requests: int, failures: int, seconds: float, p95_ms: float, *, per_minute: float = 1000.0
) -> list[Mark]:
    """The pass marks of `make load`, which are what the replaced system claimed of itself."""
    return [
        Mark(
            "text requests a minute",
            (requests - failures) * 60 / seconds if seconds else math.nan,
            at_least=per_minute,
        ),
        Mark("text p95, ms", p95_ms, at_most=TEXT_P95_MS),
        Mark("text errors, %", 100 * failures / requests if requests else math.nan, at_most=0.1),
    ]


def growth(samples: Sequence[float]) -> float:
    """How much a figure rose while it was watched, from early to late, in its own unit.

    The first fifth is left out, because caches and arenas fill then. Of the rest the median of
    the last quarter is compared with that of the first, so that one peak does not matter.
    Raises `ValueError` below 10 samples.
    """
    if len(samples) < 10:
        raise ValueError("Growth needs at least 10 samples.")
    settled = samples[len(samples) // 5 :]
    quarter = len(settled) // 4
    return statistics.median(settled[-quarter:]) - statistics.median(settled[:quarter])


def soak_marks(
    memory_mb: Sequence[float], descriptors: Sequence[float], threads: Sequence[float]
) -> list[Mark]:
    """The pass marks of `make soak`: what is held must not grow with what was served."""
    return [
        Mark("memory growth, MB", growth(memory_mb), at_most=15.0),
        # connections come and go
        Mark("file descriptor growth", growth(descriptors), at_most=4.0),
        Mark("thread growth", growth(threads), at_most=0.0),
    ]
