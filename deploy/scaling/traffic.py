"""A day of a journaling application: when entries come, and what each one costs."""

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
# Assumed, not measured: some write in the morning, most before they sleep.
# (hour of the day, width in hours, weight)
PEAKS: Final = ((8.0, 1.2, 0.25), (21.5, 1.5, 0.55))
EVEN_SHARE: Final = 0.20


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry: seconds since midnight, its kind, the CPU seconds that it costs."""

    at: float
    kind: Kind
    work: float


def rate(at: float, entries: float) -> float:
    """Entries a second at a time of the day, where `entries` come in the whole day."""
    hour = at / HOUR
    bumps = sum(
        weight
        * math.exp(-0.5 * (_hours_apart(hour, peak) / width) ** 2)
        / (width * math.sqrt(2 * math.pi))
        for peak, width, weight in PEAKS
    )
    return entries * (EVEN_SHARE / 24 + bumps) / HOUR


def _hours_apart(one: float, other: float) -> float:
    return min(abs(one - other), 24 - abs(one - other))


def costs() -> dict[Kind, list[float]]:
    """CPU seconds of measured requests, by kind: `python -m deploy.scaling.measure` wrote them."""
    measured: dict[Kind, list[float]] = json.loads(
        Path(__file__).with_name("measured.json").read_text()
    )
    return measured


def day(
    entries: float, spoken_share: float, work: dict[Kind, list[float]], seed: int = 0
) -> Iterator[Arrival]:
    """A Poisson process with the day's curve as its rate, by thinning (Lewis and Shedler 1979)."""
    chance = random.Random(seed)  # noqa: S311  # a simulation
    highest = max(rate(minute * 60.0, entries) for minute in range(24 * 60)) * 1.01
    at = chance.expovariate(highest)
    while at < DAY:
        if chance.random() < rate(at, entries) / highest:
            kind: Kind = "spoken" if chance.random() < spoken_share else "typed"
            yield Arrival(at, kind, chance.choice(work[kind]))
        at += chance.expovariate(highest)
