"""Jobs. scripts/clients makes `_jobs.py` of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from samo_client import _calls, models
from samo_client._async_connection import AsyncConnection
from samo_client._calls import JobResult
from samo_client._transport import FIRST_POLL_SECONDS, next_poll
from samo_client._uploads import Progress, Recording


class AsyncJobs(AsyncConnection):
    """The methods of jobs, which are computed in the background."""

    async def create_job(
        self,
        recording: Recording,
        *,
        result: Literal["insight", "transcription"] = "insight",
        language: str | None = None,
        summary: bool | None = None,
        threshold: float | None = None,
        task: Literal["transcribe", "translate"] | None = None,
        words: bool | None = None,
        callback_url: str | None = None,
        on_progress: Progress | None = None,
    ) -> models.JobResponse:
        """Start a job, for recordings of up to hours; it is computed in the background.

        Args:
            recording: A path, bytes or an open file, in any audio format.
            result: What to compute.
            language: A code such as "en"; detected by default.
            summary: For an insight, as for `analyze`.
            threshold: For an insight, as for `analyze`.
            task: For a transcription, as for `transcribe`.
            words: For a transcription, as for `transcribe`.
            callback_url: Called when the job has ended.
            on_progress: Called while the recording is sent, with the bytes sent and all bytes.

        """
        fields = {
            "language": language,
            "generate_summary": summary,
            "emotion_threshold": threshold,
            "task": task,
            "timestamp": words,
            "callback_url": callback_url,
        }
        return await self._send(
            _calls.create_job(recording, result=result, on_progress=on_progress, fields=fields)
        )

    async def get_job(self, job_id: str) -> models.JobResponse:
        """State and progress of a job."""
        return await self._send(_calls.get_job(job_id))

    async def wait_for_job(
        self, job_id: str, on_update: Callable[[models.JobResponse], None] | None = None
    ) -> JobResult:
        """Wait until a job is done, and return its result.

        Args:
            job_id: Of the job.
            on_update: Called with the job's state each time it was asked for.

        Raises:
            JobFailed: It has ended without a result.

        """
        wait = FIRST_POLL_SECONDS
        while True:
            job = await self.get_job(job_id)
            if on_update:
                on_update(job)
            if (next_wait := next_poll(job, wait)) is None:
                return await self.job_result(job_id)
            await asyncio.sleep(wait)
            wait = next_wait

    async def job_result(self, job_id: str) -> JobResult:
        """The result of a job that is done: an insight, or a transcription."""
        return await self._send(_calls.job_result(job_id))

    async def delete_job(self, job_id: str) -> models.JobResponse:
        """Cancel a job that waits or runs; delete one that has ended, with its result."""
        return await self._send(_calls.delete_job(job_id))
