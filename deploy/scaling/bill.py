"""Cost on Cloud Run, and the number of instances for a request rate.

    python -m deploy.scaling.bill 20 5

prints the dollars per million requests that take 20, and that take 5 ms of CPU time each.

List prices of request-based billing, tier 1 regions, US dollars, without the free tier, from
https://cloud.google.com/run/pricing in 2025. Check them before you rely on a result.
"""

from __future__ import annotations

import argparse
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


def per_million(
    cpu_seconds: float, *, cpus: int = 2, gib: float = 2, utilization: float = 0.6
) -> float:
    """Return dollars for a million requests of `cpu_seconds` each at a steady rate."""
    return bill(1e6 * cpu_seconds / cpus / utilization, 0, 1e6, cpus=cpus, gib=gib)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Dollars on Cloud Run per million requests; 2 CPUs, 60 % busy."
    )
    parser.add_argument("cpu_ms", type=float, nargs="+", help="CPU milliseconds of a request")
    parser.add_argument("--gib", type=float, default=2.0, help="memory of an instance (default: 2)")
    args = parser.parse_args()
    for milliseconds in args.cpu_ms:
        dollars = per_million(milliseconds / 1000, gib=args.gib)
        print(f"{milliseconds:g} ms: ${dollars:.2f} per million requests")


if __name__ == "__main__":
    main()
