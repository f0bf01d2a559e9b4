"""Moving windows in a Redis, which instances share."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Final

from samo.access.windows import MemoryWindows, Usage, Wanted
from samo.redis_client import REDIS_SECONDS, redis_client

_log = logging.getLogger("bentoml.samo.limits")  # below BentoML's logger, which has a handler

# While Redis is down, one request in this time tries it again.
RETRY_SECONDS: Final = 5.0
_KEY_PREFIX: Final = "samo:window:"

# One script for all limits of a request: `limits` would take a round trip for each question. A
# window is a list with an entry for each unit, the newest first. The clock is that of Redis.
# ARGV: whether to count at most what is left; then for each key limit, period in seconds and units.
# Returns for each key: whether the units exceed the limit, units left, seconds until an entry ends.
_COUNT: Final = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1e6
local fills = ARGV[1] == '1'
local counts, exceeds, is_exceeded = {}, {}, false
for i, key in ipairs(KEYS) do
    local limit, period = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    local oldest = redis.call('LINDEX', key, -1)
    while oldest and tonumber(oldest) <= now - period do
        redis.call('RPOP', key)
        oldest = redis.call('LINDEX', key, -1)
    end
    counts[i] = redis.call('LLEN', key)
    exceeds[i] = counts[i] + tonumber(ARGV[3 * i + 1]) > limit
    is_exceeded = is_exceeded or exceeds[i]
end
local result = {}
for i, key in ipairs(KEYS) do
    local limit, period = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    local units = tonumber(ARGV[3 * i + 1])
    if fills then
        units = math.min(units, limit - counts[i])
    elseif is_exceeded then
        units = 0
    end
    for _ = 1, units do
        redis.call('LPUSH', key, string.format('%.6f', now))
    end
    if units > 0 then
        redis.call('EXPIRE', key, period)
        counts[i] = counts[i] + units
    end
    local oldest = tonumber(redis.call('LINDEX', key, -1)) or now
    result[3 * i - 2] = exceeds[i] and 1 or 0
    result[3 * i - 1] = limit - counts[i]
    result[3 * i] = tostring(oldest + period - now)
end
return result
"""


class RedisWindows:
    """Windows in a Redis.

    Raises:
        Exception: The client's errors, if Redis does not answer; TimeoutError after
            `REDIS_SECONDS`.
    """

    def __init__(self, url: str) -> None:
        self._client = redis_client(url, REDIS_SECONDS)
        self._count = self._client.register_script(_COUNT)

    async def count(self, caller: str, wanted: Sequence[Wanted]) -> list[Usage]:
        """Count units of several limits, or of none if one limit would be exceeded."""
        reply = await self._run(caller, wanted, fills=False)
        now = time.time()
        return [
            Usage(int(reply[n + 1]), now + float(reply[n + 2]), bool(reply[n]))
            for n in range(0, len(reply), 3)
        ]

    async def fill(self, caller: str, wanted: Sequence[Wanted]) -> None:
        """Count units of several limits, of each at most what is left."""
        await self._run(caller, wanted, fills=True)

    async def _run(self, caller: str, wanted: Sequence[Wanted], *, fills: bool) -> list[Any]:
        keys = [_KEY_PREFIX + one.item.key_for(caller) for one in wanted]
        arguments: list[int] = [int(fills)]
        for item, units in wanted:
            arguments += (item.amount, item.get_expiry(), units)
        async with asyncio.timeout(REDIS_SECONDS):
            reply: list[Any] = await self._count(keys, arguments)
        return reply

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class SharedWindows:
    """Windows in a Redis; in memory while Redis does not answer."""

    def __init__(self, url: str) -> None:
        self._redis = RedisWindows(url)
        self._memory = MemoryWindows()
        self._is_up = True
        self._next_try = 0.0

    async def count(self, caller: str, wanted: Sequence[Wanted]) -> list[Usage]:
        """Count units of several limits, or of none if one limit would be exceeded."""
        if self._may_try():
            try:
                usages = await self._redis.count(caller, wanted)
            except Exception as error:  # noqa: BLE001  # whatever its client raises: requests go on
                self._set_down(error)
            else:
                self._set_up()
                return usages
        return await self._memory.count(caller, wanted)

    async def fill(self, caller: str, wanted: Sequence[Wanted]) -> None:
        """Count units of several limits, of each at most what is left."""
        if self._is_up:
            try:
                await self._redis.fill(caller, wanted)
            except Exception as error:  # noqa: BLE001
                self._set_down(error)
            else:
                return
        await self._memory.fill(caller, wanted)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.close()

    def _may_try(self) -> bool:
        if self._is_up:
            return True
        now = time.monotonic()
        if now < self._next_try:
            return False
        self._next_try = now + RETRY_SECONDS  # the others go on without waiting
        return True

    def _set_down(self, error: Exception) -> None:
        self._next_try = time.monotonic() + RETRY_SECONDS
        if self._is_up:
            self._is_up = False
            # the type only: a message may contain the address with its password
            _log.error(
                "Redis does not answer (%s): rate limits are counted in this instance until it is "
                "back.",
                type(error).__name__,
            )

    def _set_up(self) -> None:
        if not self._is_up:
            self._is_up = True
            _log.warning("Redis answers again: rate limits are shared again.")
