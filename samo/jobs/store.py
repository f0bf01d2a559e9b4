"""Where the states and results of jobs are kept."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, Protocol

from samo.jobs.job import Job

Place = Literal["memory", "redis"]


class JobStore(Protocol):
    """Keeps jobs, and the results of those that are done."""

    @property
    def place(self) -> Place:
        """Where jobs are kept, for the responses."""
        ...

    async def save(self, job: Job) -> None:
        """Keep the state of a job of this instance, until it expires."""
        ...

    async def load(self, job_id: str) -> Job | None:
        """The job; None if there is none. A job whose instance is gone is `lost`.

        Raises:
            Overloaded: The store does not answer.
        """
        ...

    async def save_result(self, job: Job, result: bytes) -> None:
        """Keep the result of a job, until the job expires."""
        ...

    async def load_result(self, job_id: str) -> bytes | None:
        """The result; None if there is none. Raises as `load`."""
        ...

    async def delete(self, job_id: str) -> None:
        """Delete a job and its result."""
        ...

    async def was_deleted(self, job_id: str) -> bool:
        """Whether `delete` was called for this job; which is known for a time. Raises as `load`."""
        ...

    async def ask_to_cancel(self, job_id: str) -> None:
        """Ask the instance that runs the job to cancel it."""
        ...

    async def beat(self, job_ids: Collection[str]) -> list[str]:
        """Say that this instance lives; return those of its jobs that somebody asks to cancel."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
