"""What callers are told about a job that has no result, or is not there any more."""

from __future__ import annotations

from typing import Final

from runners.errors import JobGone, JobNotDone, JobNotFound
from samo.jobs.job import ACTIVE, Job

_WITHOUT_RESULT: Final = {
    "failed": "The job has failed: it has no result, and its state says why.",
    "cancelled": "The job was cancelled: it has no result. Send the recording again.",
    "lost": "The job is lost: it has no result. Send the recording again.",
}


def not_found() -> JobNotFound:
    """Nobody has made a job of this id with this key."""
    return JobNotFound(
        "There is no job of this id, or it was made with another API key: check both."
    )


def gone(kept_seconds: float, *, was_deleted: bool) -> JobGone:
    """The job was deleted by its owner, or its time is over."""
    if was_deleted:
        return JobGone("The job and its result were deleted by DELETE. Send the recording again.")
    return JobGone(
        f"The job and its result are deleted: results are kept for {kept_seconds:g} s. Send the "
        "recording again.",
        kept_seconds=kept_seconds,
    )


def without_result(job: Job) -> JobNotDone:
    """The job has no result, or not yet."""
    if job.state in ACTIVE:
        message = f"The job is {job.state}: it has a result when its state is done."
    else:
        message = _WITHOUT_RESULT.get(job.state, "The result is deleted: send the recording again.")
    return JobNotDone(message, state=job.state)
