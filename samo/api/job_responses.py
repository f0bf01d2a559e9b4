"""Convert the state of a job to the schema of the HTTP API."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from samo.api import schemas
from samo.jobs.job import Job
from samo.jobs.store import Place


def job_state(job: Job, place: Place) -> schemas.JobResponse:
    """The state of a job, which is kept in `place`."""
    return schemas.JobResponse(
        id=job.id,
        object="job",
        kind=job.kind,
        state=job.state,
        progress=schemas.JobProgress(
            step=job.step, seconds_done=job.seconds_done, seconds_total=job.seconds_total
        ),
        created_at=int(job.created),
        started_at=_whole(job.started),
        finished_at=_whole(job.finished),
        expires_at=_whole(job.expires),
        error=None if job.error is None else schemas.JobError(**job.error),
        callback=job.callback,
        kept_in=place,
    )


async def job_events(
    jobs: AsyncGenerator[Job | None, None], place: Place
) -> AsyncGenerator[dict[str, Any] | None, None]:
    """An event for each state; None where there is no news."""
    async for job in jobs:
        yield None if job is None else {"type": "job", **job_state(job, place).model_dump()}


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)
