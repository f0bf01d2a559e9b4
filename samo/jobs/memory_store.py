"""Jobs in the memory of this process."""

from __future__ import annotations

import time
import zlib
from collections.abc import Collection
from typing import Final

from samo.jobs.job import Job
from samo.jobs.store import Place

MAX_RESULT_BYTES: Final = 64 * 1024 * 1024
"""All results together, compressed; an hour of speech has about 50 kB. The oldest go first."""

_MAX_DELETED: Final = 10_000


class MemoryJobs:
    """Keeps jobs in memory until they expire."""

    place: Place = "memory"

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._results: dict[str, bytes] = {}
        self._deleted: dict[str, None] = {}
        """Ids of jobs that `delete` was called for, the oldest first."""

    async def save(self, job: Job) -> None:
        """Keep the state of a job."""
        self._jobs[job.id] = job

    async def load(self, job_id: str) -> Job | None:
        """The job; None if there is none."""
        self._delete_expired()
        return self._jobs.get(job_id)

    async def save_result(self, job: Job, result: bytes) -> None:
        """Keep a result; the oldest are deleted if there are too many."""
        self._results[job.id] = zlib.compress(result)
        while len(self._results) > 1 and sum(map(len, self._results.values())) > MAX_RESULT_BYTES:
            oldest = next(iter(self._results))
            del self._results[oldest]
            self._jobs.pop(oldest, None)

    async def load_result(self, job_id: str) -> bytes | None:
        """The result; None if there is none."""
        self._delete_expired()
        compressed = self._results.get(job_id)
        return None if compressed is None else zlib.decompress(compressed)

    async def delete(self, job_id: str) -> None:
        """Delete a job and its result."""
        self._jobs.pop(job_id, None)
        self._results.pop(job_id, None)
        self._deleted[job_id] = None
        if len(self._deleted) > _MAX_DELETED:
            del self._deleted[next(iter(self._deleted))]

    async def was_deleted(self, job_id: str) -> bool:
        """Whether `delete` was called for this job, unless many were deleted after it."""
        return job_id in self._deleted

    async def ask_to_cancel(self, job_id: str) -> None:
        """All jobs are this instance's own, which it cancels itself."""

    async def beat(self, job_ids: Collection[str]) -> list[str]:
        """There is no other instance."""
        del job_ids
        self._delete_expired()
        return []

    async def close(self) -> None:
        """There are no connections."""

    def _delete_expired(self) -> None:
        now = time.time()
        for job in [*self._jobs.values()]:
            if job.expires is not None and job.expires <= now:
                self._jobs.pop(job.id, None)
                self._results.pop(job.id, None)
