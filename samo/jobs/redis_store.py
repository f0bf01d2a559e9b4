"""Jobs that instances share in a Redis; the recording of a job stays in its instance."""

from __future__ import annotations

import logging
import math
import time
import zlib
from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeVar, cast

from runners.errors import Overloaded
from samo.jobs.job import Instance, Job, JobId
from samo.jobs.memory_store import MemoryJobs
from samo.jobs.store import Place
from samo.redis_client import redis_client

_log = logging.getLogger("bentoml.samo.jobs")  # below BentoML's logger, which has a handler

BEAT_SECONDS: Final = 2.0
"""An instance with jobs says this often that it lives."""
LOST_SECONDS: Final = 30
"""Without that for this long, its jobs are lost."""
# A job that waits or runs is kept this long after its last change.
_ACTIVE_SECONDS: Final = 24 * 3600
# It is known for this long that a job was deleted.
_DELETED_SECONDS: Final = 24 * 3600
_SECONDS: Final = 2.0
"""For each call: a result may have megabytes, and no request waits for most of them."""
_LOST: Final = {
    "code": "job_lost",
    "message": "The instance that ran this job is gone, and the recording with it: send it again.",
}

Result = TypeVar("Result")


class RedisJobs:
    """Keeps jobs in a Redis; while it does not answer, those of this instance in its memory."""

    place: Place = "redis"

    def __init__(self, url: str, instance: Instance) -> None:
        self._redis = redis_client(url, _SECONDS)
        self._memory = MemoryJobs()
        self._instance = instance
        self._is_up = True

    async def save(self, job: Job) -> None:
        """Keep the state of a job of this instance."""

        async def save() -> None:
            if job.is_active:
                await self._say_alive()
            await self._redis.set(_job_key(job.id), job.to_json(), ex=_seconds_left(job))

        if not await self._try(save):
            await self._memory.save(job)

    async def load(self, job_id: str) -> Job | None:
        """The job; None if there is none. A job whose instance is gone is `lost`."""
        own = await self._memory.load(job_id)
        if own is not None:
            return own
        content = await self._ask(lambda: self._redis.get(_job_key(job_id)))
        if content is None:
            return None
        job = Job.from_json(cast("bytes", content))  # the client returns bytes
        if job.is_active and not await self._ask(lambda: self._lives(job_id)):
            job.state, job.step, job.error = "lost", "finished", dict(_LOST)
        return job

    async def save_result(self, job: Job, result: bytes) -> None:
        """Keep the result of a job."""

        async def save() -> None:
            compressed = zlib.compress(result)
            await self._redis.set(_result_key(job.id), compressed, ex=_seconds_left(job))

        if not await self._try(save):
            await self._memory.save_result(job, result)

    async def load_result(self, job_id: str) -> bytes | None:
        """The result; None if there is none."""
        own = await self._memory.load_result(job_id)
        if own is not None:
            return own
        compressed = await self._ask(lambda: self._redis.get(_result_key(job_id)))
        return None if compressed is None else zlib.decompress(cast("bytes", compressed))

    async def delete(self, job_id: str) -> None:
        """Delete a job and its result."""
        await self._memory.delete(job_id)
        await self._ask(lambda: self._redis.delete(_job_key(job_id), _result_key(job_id)))
        await self._ask(lambda: self._redis.set(_deleted_key(job_id), b"1", ex=_DELETED_SECONDS))

    async def was_deleted(self, job_id: str) -> bool:
        """Whether `delete` was called for this job, in the last day."""
        return bool(await self._ask(lambda: self._redis.exists(_deleted_key(job_id))))

    async def ask_to_cancel(self, job_id: str) -> None:
        """Ask the instance that runs the job to cancel it."""
        await self._ask(lambda: self._redis.set(_cancel_key(job_id), b"1", ex=_ACTIVE_SECONDS))

    async def beat(self, job_ids: Collection[str]) -> list[str]:
        """Say that this instance lives; return those of its jobs that somebody asks to cancel."""
        ids = [*job_ids]
        await self._memory.beat(ids)
        if not ids:
            return []
        asked: list[str] = []

        async def beat() -> None:
            await self._say_alive()
            values = await self._redis.mget([_cancel_key(job_id) for job_id in ids])
            asked.extend(one for one, value in zip(ids, values, strict=True) if value is not None)

        await self._try(beat)
        return asked

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _say_alive(self) -> None:
        await self._redis.set(_instance_key(self._instance.id), b"1", ex=LOST_SECONDS)

    async def _lives(self, job_id: str) -> bool:
        """Whether the instance that made the job lives."""
        instance = JobId.instance_of(job_id)
        return bool(await self._redis.exists(_instance_key(instance)))

    async def _try(self, call: Callable[[], Awaitable[None]]) -> bool:
        """Call Redis; if it does not answer, log that once and return False."""
        try:
            await call()
        except Exception as error:  # noqa: BLE001  # whatever its client raises: jobs go on
            if self._is_up:
                self._is_up = False
                # the type only: a message may contain the address with its password
                _log.error(
                    "Redis does not answer (%s): other instances do not see the jobs of this one "
                    "until it is back.",
                    type(error).__name__,
                )
            return False
        if not self._is_up:
            _log.warning("Redis answers again: other instances see the jobs of this one.")
        self._is_up = True
        return True

    async def _ask(self, call: Callable[[], Awaitable[Result]]) -> Result:
        try:
            return await call()
        except Exception as error:  # noqa: BLE001
            raise Overloaded(
                "The store of the jobs does not answer: try again after the time in Retry-After.",
                retry_after_seconds=5,
                reason=type(error).__name__,
            ) from None


def _seconds_left(job: Job) -> int:
    if job.expires is None:
        return _ACTIVE_SECONDS
    return max(1, math.ceil(job.expires - time.time()))


def _job_key(job_id: str) -> str:
    return f"samo:job:{job_id}"


def _result_key(job_id: str) -> str:
    return f"samo:job-result:{job_id}"


def _cancel_key(job_id: str) -> str:
    return f"samo:job-cancel:{job_id}"


def _deleted_key(job_id: str) -> str:
    return f"samo:job-deleted:{job_id}"


def _instance_key(instance: bytes) -> str:
    return f"samo:job-instance:{instance.hex()}"
