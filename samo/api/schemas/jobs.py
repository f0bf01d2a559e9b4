"""The state of a job."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from samo.jobs.job import CallbackState, JobKind, JobState, JobStep
from samo.jobs.store import Place


class JobProgress(BaseModel):
    """How far a job is."""

    step: JobStep
    seconds_done: float = Field(description="Seconds of the recording that are transcribed.")
    seconds_total: float | None = Field(
        description="Length of the recording; null until it is decoded."
    )


class JobError(BaseModel):
    """Why a job failed."""

    code: str
    message: str


class JobResponse(BaseModel):
    """The state of a job. Times are Unix times in seconds."""

    id: str
    object: Literal["job"] = "job"
    kind: JobKind | None = Field(
        description="What its result is; null for a job that was lost in a restart."
    )
    state: JobState = Field(
        description="`queued`, `running`; `done`, with a result; `failed`, with an `error`; "
        "`cancelled`; `lost`, because the instance that had it is gone."
    )
    progress: JobProgress
    created_at: int
    started_at: int | None
    finished_at: int | None
    expires_at: int | None = Field(description="When the job and its result are deleted.")
    error: JobError | None
    callback: CallbackState | None = Field(description="Null without `callback_url`.")
    kept_in: Place = Field(
        description="Where states and results are kept: `memory`, of the instance that answers, or "
        "`redis`, where all instances see them. The recording is always in one instance only."
    )
