"""Rate limits of callers, in requests and in seconds of computing."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from limits import RateLimitItem, parse_many

from runners.errors import RateLimited
from samo.access.caller import Caller
from samo.access.windows import MemoryWindows, Usage, Wanted, Windows

# Computing is counted in tenths of a second.
UNITS_PER_SECOND: Final = 10


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a request may be served."""

    refusal: RateLimited | None
    headers: dict[str, str]
    """RateLimit-Limit, -Remaining, -Reset and -Policy of the limit that is closest to its end."""


class RateLimiter:
    """Counts the requests and the computing of each caller.

    Args:
        redis_url: Redis that instances share; None counts in memory.
    """

    def __init__(self, redis_url: str | None = None) -> None:
        self._windows: Windows
        if redis_url is None:
            self._windows = MemoryWindows()
        else:
            from samo.access.redis_windows import SharedWindows  # and the client of Redis with it

            self._windows = SharedWindows(redis_url)

    async def admit(self, caller: Caller) -> Admission:
        """Count a request of `caller`, and decide whether it may be served.

        A request that is refused for one limit is not counted for the others.
        """
        requests = _request_items(caller.rate_limit)
        computing = _compute_items(caller.compute_limit)
        wanted = [*(Wanted(item, 1) for item in requests), *(Wanted(item, 0) for item in computing)]
        usages = await self._windows.count(caller.id, wanted)
        refusal = _computing_refusal(computing, usages[len(requests) :])
        if not requests:
            return Admission(refusal, {})
        of_requests = list(zip(requests, usages, strict=False))
        for item, usage in of_requests:
            if usage.is_exceeded:
                refusal = _refusal("requests", item, item.amount, usage)
                return Admission(refusal, _headers(item, usage))
        return Admission(refusal, _headers(*min(of_requests, key=lambda pair: pair[1].remaining)))

    async def check_computing(self, caller: Caller) -> RateLimited | None:
        """The refusal if `caller` has used up its computing; nothing is counted."""
        items = _compute_items(caller.compute_limit)
        usages = await self._windows.count(caller.id, [Wanted(item, 0) for item in items])
        return _computing_refusal(items, usages)

    async def charge(self, caller: Caller, seconds: float) -> None:
        """Count the computing of a request; what exceeds the limit is not carried over."""
        units = _to_units(seconds)
        items = _compute_items(caller.compute_limit)
        if units and items:
            await self._windows.fill(caller.id, [Wanted(item, units) for item in items])

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._windows.close()


def _to_units(seconds: float) -> int:
    """Tenths of a second, rounded up or down at random so that the mean is right."""
    return math.floor(seconds * UNITS_PER_SECOND + random.random())  # noqa: S311


@lru_cache
def _request_items(limit: str | None) -> tuple[RateLimitItem, ...]:
    return () if limit is None else tuple(parse_many(limit))


@lru_cache
def _compute_items(limit: str | None) -> tuple[RateLimitItem, ...]:
    """The items of a limit in seconds, in units; in a namespace of their own."""
    return tuple(
        type(item)(item.amount * UNITS_PER_SECOND, item.multiples, namespace="COMPUTE")
        for item in _request_items(limit)
    )


def _seconds_until(usage: Usage) -> int:
    return max(1, math.ceil(usage.resets_at - time.time()))


def _computing_refusal(
    items: Sequence[RateLimitItem], usages: Sequence[Usage]
) -> RateLimited | None:
    """The refusal if one of the limits is used up."""
    refusal = None
    for item, usage in zip(items, usages, strict=True):
        if usage.remaining <= 0:
            amount = item.amount // UNITS_PER_SECOND
            refusal = _refusal("seconds of computing", item, amount, usage)
    return refusal


def _refusal(what: str, item: RateLimitItem, amount: int, usage: Usage) -> RateLimited:
    seconds = _seconds_until(usage)
    return RateLimited(
        f"The limit of {amount} {what} per {item.get_expiry()} s is used up: try again after the "
        "time in Retry-After.",
        retry_after_seconds=seconds,
        limit=amount,
        counted=what,
        period_seconds=item.get_expiry(),
    )


def _headers(item: RateLimitItem, usage: Usage) -> dict[str, str]:
    return {
        "ratelimit-limit": str(item.amount),
        "ratelimit-remaining": str(max(0, usage.remaining)),
        "ratelimit-reset": str(_seconds_until(usage)),
        "ratelimit-policy": f"{item.amount};w={item.get_expiry()}",
    }
