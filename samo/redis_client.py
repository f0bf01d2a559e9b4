"""Clients of the Redis that instances share; the library is imported only if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from redis.asyncio import Redis

REDIS_SECONDS: Final = 0.25
"""A Redis that does not answer within this time is treated as down."""


def redis_client(url: str, seconds: float = REDIS_SECONDS) -> Redis:
    """A client with its own pool of connections; replies are bytes.

    Each call raises the client's errors after `seconds` and one more attempt: a pooled connection
    may be from before a restart of Redis.
    """
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    client: Redis = Redis.from_url(
        url,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 1),
    )
    return client
