"""The panes that instances share: the last ones of all of them, in a Redis list."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import ValidationError

from samo.drift.pane import Pane
from samo.drift.records import DamagedRecordError, PaneRecord, pane_record
from samo.redis_client import redis_client

if TYPE_CHECKING:
    from redis.asyncio import Redis

Value = TypeVar("Value")

_log = logging.getLogger("bentoml.samo.drift")

# No request waits for Redis here, so it may take longer than rate limits allow.
REDIS_SECONDS: Final = 1.0
# While Redis is down, it is tried again after this time.
RETRY_SECONDS: Final = 5.0
# Panes that are kept, of which the newest form the window. An instance that stops leaves a pane
# that is not full, so a window may have more panes than full ones.
MAX_PANES: Final = 64
# What nobody has added to for so long is deleted, such as the panes of a former model.
_EXPIRES_SECONDS: Final = 90 * 24 * 3600


class SharedPanes:
    """Panes of all instances with the same reference.

    No method raises: while Redis does not answer, it is logged once, and `None` is returned.

    Args:
        url: of the Redis.
        name: of the panes, which differs between references that cannot share them.
        read: makes a pane of a record; raises `DamagedRecordError`.

    """

    def __init__(self, url: str, name: str, read: Callable[[PaneRecord], Pane]) -> None:
        self._client: Redis = redis_client(url, REDIS_SECONDS)
        self._panes_key = f"samo:drift:{name}:panes"
        self._alarms_key = f"samo:drift:{name}:alarms"
        self._version_key = f"samo:drift:{name}:version"
        self._read = read
        self._version: bytes | None = None
        self._values: list[bytes] = []
        self._panes: dict[bytes, Pane | None] = {}
        self._is_up = True
        self._next_try = 0.0

    async def exchange(self, added: Sequence[Pane]) -> list[Pane] | None:
        """Add panes; return the last `MAX_PANES` of all instances, oldest first."""
        records = [pane_record(pane).model_dump_json() for pane in added]
        values = await self._attempt(lambda: self._exchange(records))
        if values is None:
            return None
        return await asyncio.to_thread(self._parse, values)

    async def _exchange(self, records: Sequence[str]) -> list[bytes]:
        if not records and await self._client.get(self._version_key) == self._version:
            return self._values
        async with self._client.pipeline(transaction=True) as pipeline:
            if records:
                pipeline.rpush(self._panes_key, *records)
                pipeline.ltrim(self._panes_key, -MAX_PANES, -1)
                pipeline.incr(self._version_key)
                for key in (self._panes_key, self._version_key):
                    pipeline.expire(key, _EXPIRES_SECONDS)
            pipeline.get(self._version_key)
            pipeline.lrange(self._panes_key, 0, -1)
            *_, self._version, self._values = await pipeline.execute()
        return self._values

    def _parse(self, values: Sequence[bytes]) -> list[Pane]:
        """Read the panes that are new; the same bytes are the same pane."""
        known = self._panes
        self._panes = {
            value: known[value] if value in known else self._pane(value) for value in values
        }
        return [pane for value in values if (pane := self._panes[value]) is not None]

    def _pane(self, value: bytes) -> Pane | None:
        try:
            return self._read(PaneRecord.model_validate_json(value))
        except (ValidationError, DamagedRecordError):
            _log.error("A pane of drift in Redis is damaged and is left out.")
            return None

    async def alarm_seconds(self, alarms: Collection[str]) -> dict[str, float] | None:
        """Seconds since each of these alarms began, by the clock of Redis; the others end."""
        return await self._attempt(lambda: self._alarm_seconds(alarms))

    async def _alarm_seconds(self, alarms: Collection[str]) -> dict[str, float]:
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.time()
            pipeline.hgetall(self._alarms_key)
            (seconds, microseconds), stored = await pipeline.execute()
            now = seconds + microseconds / 1e6
            begins = {name.decode(): float(begin) for name, begin in stored.items()}
            ended = begins.keys() - {*alarms}
            begun = dict.fromkeys({*alarms} - begins.keys(), now)
            if ended:
                pipeline.hdel(self._alarms_key, *ended)
            if begun:
                pipeline.hset(self._alarms_key, mapping={n: str(t) for n, t in begun.items()})
                pipeline.expire(self._alarms_key, _EXPIRES_SECONDS)
            await pipeline.execute()
        return {name: max(0.0, now - (begins | begun)[name]) for name in alarms}

    async def _attempt(self, call: Callable[[], Awaitable[Value]]) -> Value | None:
        if not self._is_up and time.monotonic() < self._next_try:
            return None
        try:
            value = await call()
        except Exception as error:  # noqa: BLE001  # whatever its client raises: the service goes on
            self._set_down(error)
            return None
        if not self._is_up:
            self._is_up = True
            _log.warning("Redis answers again: drift is measured over all instances again.")
        return value

    def _set_down(self, error: Exception) -> None:
        self._next_try = time.monotonic() + RETRY_SECONDS
        if self._is_up:
            self._is_up = False
            # the type only: a message may contain the address with its password
            _log.error(
                "Redis does not answer (%s): drift is measured in this instance until it is back.",
                type(error).__name__,
            )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    @property
    def is_up(self) -> bool:
        """Whether Redis answered last time."""
        return self._is_up
