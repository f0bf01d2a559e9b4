"""Moving windows that count the requests of callers: in memory, or in a Redis."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final, NamedTuple, Protocol

from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter as AsyncMovingWindow
from limits.strategies import MovingWindowRateLimiter

from samo.access.memory_storage import WindowStorage
from samo.redis_client import REDIS_SECONDS, redis_client

_log = logging.getLogger("bentoml.samo.limits")  # below BentoML's logger, which has a handler

# While Redis is down, one request in this time tries it again.
RETRY_SECONDS: Final = 5.0
_KEY_PREFIX: Final = "samo"


class Usage(NamedTuple):
    """The state of a window."""

    remaining: int
    """Units that are left."""
    resets_at: float
    """Unix time at which the oldest entry leaves the window."""


class Windows(Protocol):
    """Counts units of `item`, which is a limit, for each caller."""

    async def take(self, item: RateLimitItem, caller: str, units: int) -> bool:
        """Count `units`, or return False if they would exceed the limit."""
        ...

    async def usage(self, item: RateLimitItem, caller: str) -> Usage:
        """What is left of the limit."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class MemoryWindows:
    """Windows in the memory of this process."""

    def __init__(self) -> None:
        self._strategy = MovingWindowRateLimiter(WindowStorage())

    async def take(self, item: RateLimitItem, caller: str, units: int) -> bool:
        """Count `units`, or return False if they would exceed the limit."""
        return self._strategy.hit(item, caller, cost=units)

    async def usage(self, item: RateLimitItem, caller: str) -> Usage:
        """What is left of the limit."""
        stats = self._strategy.get_window_stats(item, caller)
        return Usage(stats.remaining, stats.reset_time)

    async def close(self) -> None:
        """There are no connections."""


class RedisWindows:
    """Windows in a Redis, which instances share.

    Raises:
        Exception: The client's errors, if Redis does not answer; TimeoutError after
            `REDIS_SECONDS`.
    """

    def __init__(self, url: str) -> None:
        self._pool = redis_client(url, REDIS_SECONDS).connection_pool
        storage = RedisStorage(
            f"async+{url}",
            implementation="redispy",
            key_prefix=_KEY_PREFIX,
            connection_pool=self._pool,  # type: ignore[arg-type]  # passed on to the client
        )
        self._strategy = AsyncMovingWindow(storage)

    async def take(self, item: RateLimitItem, caller: str, units: int) -> bool:
        """Count `units`, or return False if they would exceed the limit."""
        async with asyncio.timeout(REDIS_SECONDS):
            return await self._strategy.hit(item, caller, cost=units)

    async def usage(self, item: RateLimitItem, caller: str) -> Usage:
        """What is left of the limit."""
        async with asyncio.timeout(REDIS_SECONDS):
            stats = await self._strategy.get_window_stats(item, caller)
        return Usage(stats.remaining, stats.reset_time)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()


class SharedWindows:
    """Windows in a Redis; in memory while Redis does not answer."""

    def __init__(self, url: str) -> None:
        self._redis = RedisWindows(url)
        self._memory = MemoryWindows()
        self._is_up = True
        self._next_try = 0.0

    async def take(self, item: RateLimitItem, caller: str, units: int) -> bool:
        """Count `units`, or return False if they would exceed the limit."""
        if self._may_try():
            try:
                taken = await self._redis.take(item, caller, units)
            except Exception as error:  # noqa: BLE001  # whatever its client raises: requests go on
                self._set_down(error)
            else:
                self._set_up()
                return taken
        return await self._memory.take(item, caller, units)

    async def usage(self, item: RateLimitItem, caller: str) -> Usage:
        """What is left of the limit."""
        if self._is_up:
            try:
                return await self._redis.usage(item, caller)
            except Exception as error:  # noqa: BLE001
                self._set_down(error)
        return await self._memory.usage(item, caller)

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
