"""Cloud Run's bill, and the arithmetic from requests a second to instances.

List prices of request-based billing, tier 1 regions, US dollars, without the free tier, as
https://cloud.google.com/run/pricing showed them in 2025: assumptions, to be looked up anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Prices:
    """US dollars."""

    cpu_second: float = 0.000024
    gib_second: float = 0.0000025
    idle_cpu_second: float = 0.0000025  # of an instance that minScale keeps, without a request
    idle_gib_second: float = 0.0000025
    million_requests: float = 0.40


PRICES: Final = Prices()
MONTH_SECONDS: Final = 30.4 * 86_400


def bill(
    busy_seconds: float,
    idle_seconds: float,
    requests: float,
    *,
    cpus: float = 2,
    gib: float = 2,
    prices: Prices = PRICES,
) -> float:
    """Dollars for instance seconds with a request in flight, idle ones, and requests."""
    return (
        busy_seconds * (cpus * prices.cpu_second + gib * prices.gib_second)
        + idle_seconds * (cpus * prices.idle_cpu_second + gib * prices.idle_gib_second)
        + requests / 1e6 * prices.million_requests
    )


@dataclass(frozen=True)
class Need:
    """What a steady rate takes."""

    cpus: float
    instances: int
    month: float


def need(
    rate: float,
    cpu_seconds: float,
    *,
    cpus: int = 2,
    utilization: float = 0.6,
) -> Need:
    """Instances and dollars a month for `rate` requests a second of `cpu_seconds` each.

    CPUs are busy for `utilization` of the time; at such a rate an instance always has a request in
    flight, so that every second of its is billed.
    """
    busy = rate * cpu_seconds
    instances = max(1, math.ceil(busy / cpus / utilization))
    month = bill(instances * MONTH_SECONDS, 0, rate * MONTH_SECONDS, cpus=cpus)
    return Need(busy, instances, month)
