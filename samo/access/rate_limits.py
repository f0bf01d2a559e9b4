"""Rate limits of callers, in requests and in seconds of computing."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from limits import RateLimitItem, parse_many

from runners.errors import RateLimited
from samo.access.windows import MemoryWindows, SharedWindows, Usage, Windows

# Computing is counted in tenths of a second.
UNITS_PER_SECOND: Final = 10


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is counted, and by which limits, in the notation of `SAMO_RATE_LIMIT`."""

    id: str
    """The name of a key or an address, with its kind in front."""
    rate_limit: str | None
    compute_limit: str | None


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
        self._windows: Windows = MemoryWindows() if redis_url is None else SharedWindows(redis_url)

    async def admit(self, caller: Caller) -> Admission:
        """Count a request of `caller`, and decide whether it may be served."""
        for item in _request_items(caller.rate_limit):
            if not await self._windows.take(item, caller.id, 1):
                usage = await self._windows.usage(item, caller.id)
                refused = _refusal("requests", item, item.amount, usage)
                return Admission(refused, _headers(item, usage))
        refusal = await self.check_computing(caller)
        headers = {}
        items = _request_items(caller.rate_limit)
        if items:
            usages = [(item, await self._windows.usage(item, caller.id)) for item in items]
            headers = _headers(*min(usages, key=lambda pair: pair[1].remaining))
        return Admission(refusal, headers)

    async def check_computing(self, caller: Caller) -> RateLimited | None:
        """The refusal if `caller` has used up its computing; nothing is counted."""
        refusal = None
        for item in _compute_items(caller.compute_limit):
            usage = await self._windows.usage(item, caller.id)
            if usage.remaining <= 0:
                refusal = _refusal(
                    "seconds of computing", item, item.amount // UNITS_PER_SECOND, usage
                )
        return refusal

    async def charge(self, caller: Caller, seconds: float) -> None:
        """Count the computing of a request; what exceeds the limit is not carried over."""
        for item in _compute_items(caller.compute_limit):
            usage = await self._windows.usage(item, caller.id)
            if units := min(_to_units(seconds), usage.remaining):
                await self._windows.take(item, caller.id, units)

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
