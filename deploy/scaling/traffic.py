"""Traffic of a journaling application over a day: arrival times and CPU cost of entries."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Kind = Literal["typed", "spoken"]

DAY: Final = 86_400.0
HOUR: Final = 3_600.0
# An assumption, not a measurement: some people write in the morning, most in the evening.
# (hour of the day, width in hours, weight)
PEAKS: Final = ((8.0, 1.2, 0.25), (21.5, 1.5, 0.55))
EVEN_SHARE: Final = 0.20


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry: seconds since midnight, its kind and its cost in CPU seconds."""

    at: float
    kind: Kind
    cpu_seconds: float


def rate(at: float, entries: float) -> float:
    """Return the entries per second at time `at`, for `entries` per day."""
    hour = at / HOUR
    bumps = sum(
        weight
        * math.exp(-0.5 * (_hours_apart(hour, peak) / width) ** 2)
        / (width * math.sqrt(2 * math.pi))
        for peak, width, weight in PEAKS
    )
    return entries * (EVEN_SHARE / 24 + bumps) / HOUR


def _hours_apart(first: float, second: float) -> float:
    return min(abs(first - second), 24 - abs(first - second))


def measured_costs() -> dict[Kind, list[float]]:
    """Return the CPU seconds of measured requests by kind (`python -m deploy.scaling.measure`)."""
    measured: dict[Kind, list[float]] = json.loads(
        Path(__file__).with_name("measured.json").read_text()
    )
    return measured


def day(
    entries: float, spoken_share: float, work: dict[Kind, list[float]], seed: int = 0
) -> Iterator[Arrival]:
    """Yield a Poisson process with rate `rate`, by thinning (Lewis and Shedler 1979)."""
    chance = random.Random(seed)  # noqa: S311  # a simulation
    highest = max(rate(minute * 60.0, entries) for minute in range(24 * 60)) * 1.01
    at = chance.expovariate(highest)
    while at < DAY:
        if chance.random() < rate(at, entries) / highest:
            kind: Kind = "spoken" if chance.random() < spoken_share else "typed"
            yield Arrival(at, kind, chance.choice(work[kind]))
        at += chance.expovariate(highest)
