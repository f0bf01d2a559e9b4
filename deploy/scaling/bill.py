"""Cost on Cloud Run, and the number of instances for a request rate.

List prices of request-based billing, tier 1 regions, US dollars, without the free tier, from
https://cloud.google.com/run/pricing in 2025. Check them before you rely on a result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Prices:
    """Prices in US dollars."""

    cpu_second: float = 0.000024
    gib_second: float = 0.0000025
    idle_cpu_second: float = (
        0.0000025  # of an instance that minScale keeps running without requests
    )
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
    """Return dollars for instance seconds with requests in flight, idle ones, and requests."""
    return (
        busy_seconds * (cpus * prices.cpu_second + gib * prices.gib_second)
        + idle_seconds * (cpus * prices.idle_cpu_second + gib * prices.idle_gib_second)
        + requests / 1e6 * prices.million_requests
    )


@dataclass(frozen=True)
class Need:
    """CPUs, instances and dollars per month for a steady request rate."""

    cpus: float
    instances: int
    dollars_per_month: float


def need(
    rate: float,
    cpu_seconds: float,
    *,
    cpus: int = 2,
    utilization: float = 0.6,
) -> Need:
    """Compute CPUs, instances and cost for `rate` requests per second of `cpu_seconds` each.

    `utilization` is the share of time in which the CPUs are busy. Every instance always has a
    request in flight, so all of its seconds are billed as busy.
    """
    busy = rate * cpu_seconds
    instances = max(1, math.ceil(busy / cpus / utilization))
    month = bill(instances * MONTH_SECONDS, 0, rate * MONTH_SECONDS, cpus=cpus)
    return Need(busy, instances, month)
