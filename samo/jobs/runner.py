"""Runs jobs one after the other; each computes only what requests leave (`runners.priority`)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator
from typing import BinaryIO, Final

from runners.errors import Overloaded, RateLimited, SamoError
from samo.jobs.callback import Callback, deliver, message
from samo.jobs.entry import Entry, Progress, Work
from samo.jobs.job import Instance, Job, JobId, JobKind, JobState, lost
from samo.jobs.job_log import log_failed_callback, observe_end
from samo.jobs.memory_store import MemoryJobs
from samo.jobs.redis_store import BEAT_SECONDS, RedisJobs
from samo.jobs.refusals import gone, not_found, without_result
from samo.jobs.store import JobStore
from samo.jobs.upload import check_folder
from samo.monitoring import metrics
from samo.private_logs import describe
from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.jobs")  # below BentoML's logger, which has a handler

# A client that asks again later finds that some job has gone on.
_RETRY_AFTER_SECONDS: Final = 60
# Progress is reported at most this often.
_REPORT_SECONDS: Final = 0.5
# Jobs of other instances are looked at this often while somebody watches them.
_LOOK_SECONDS: Final = 2.0
# An id says when it was made. An older one that nobody knows was not lost, it has expired.
_MAX_LOST_AGE_SECONDS: Final = 7 * 24 * 3600


class JobRunner:
    """The jobs of this instance, and a look at those of others.

    Args:
        settings: the limits of jobs, and where they are kept.

    Raises:
        StartError: `settings.jobs_folder` cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        check_folder(settings.jobs_folder)
        self._settings = settings
        self._instance = Instance()
        url = settings.redis_url
        self.store: JobStore = (
            MemoryJobs() if url is None else RedisJobs(url.get_secret_value(), self._instance)
        )
        self._waiting: list[Entry] = []
        self._active: dict[str, Entry] = {}
        self._started: dict[str, int] = {}
        """By owner: number of the job that was last started, so that owners take turns."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop_task: asyncio.Task[None] | None = None

    def check_room(self, owner: str) -> None:
        """Raise `Overloaded` or `RateLimited` if no job of this owner can be taken."""
        own = sum(entry.owner == owner for entry in self._active.values())
        if owner and own >= self._settings.max_jobs_per_key:
            raise RateLimited(
                f"This API key has {own} jobs that wait or run: wait for one, or cancel it.",
                retry_after_seconds=_RETRY_AFTER_SECONDS,
                limit=self._settings.max_jobs_per_key,
                counted="jobs",
            )
        if len(self._active) >= self._settings.max_jobs:
            raise Overloaded(
                "Too many jobs wait: try again after the time in Retry-After.",
                retry_after_seconds=_RETRY_AFTER_SECONDS,
            )

    async def submit(
        self, owner: str, kind: JobKind, upload: BinaryIO, work: Work, callback: Callback | None
    ) -> Job:
        """Take a job; `upload` is closed at its end. Raises as `check_room`."""
        try:
            self.check_room(owner)
        except SamoError:
            upload.close()
            raise
        job = Job(JobId.new(owner, self._instance.id).text, kind, time.time())
        entry = Entry(job, owner, upload, work, callback)
        self._active[job.id] = entry
        self._waiting.append(entry)
        metrics.jobs.labels(job.state).inc()
        await self.store.save(job)
        if self._loop_task is None or self._loop_task.done():
            self._loop_task = asyncio.create_task(self._run_all())
        return job

    async def get(self, job_id: str, owner: str) -> Job:
        """A job of this owner.

        Raises:
            JobNotFound: There is none with this id, or it belongs to somebody else.
            JobGone: It has expired, or was deleted.
            Overloaded: The store does not answer.
        """
        parsed = JobId.parse(job_id, owner)
        if parsed is None:
            raise not_found()
        entry = self._active.get(job_id)
        job = entry.job if entry is not None else await self.store.load(job_id)
        if job is not None:
            return job
        is_old = time.time() - parsed.created > _MAX_LOST_AGE_SECONDS
        if parsed.instance == self._instance.id or self.store.place == "redis" or is_old:
            was_deleted = await self.store.was_deleted(job_id)
            raise gone(self._settings.job_result_seconds, was_deleted=was_deleted)
        return lost(parsed)

    async def result(self, job_id: str, owner: str) -> bytes:
        """The result of a job that is done. Raises as `get`.

        Raises:
            JobNotDone: The job has no result, or not yet.
        """
        job = await self.get(job_id, owner)
        result = await self.store.load_result(job_id) if job.state == "done" else None
        if result is None:
            raise without_result(job)
        return result

    async def cancel(self, job_id: str, owner: str) -> Job:
        """Cancel a job that waits or runs, or delete one that has ended; its state afterwards.

        Raises as `get`.
        """
        job = await self.get(job_id, owner)
        entry = self._active.get(job_id)
        if entry is not None:
            await self._cancel(entry)
        elif job.is_active:
            await self.store.ask_to_cancel(job_id)
        else:
            await self.store.delete(job_id)
        return job

    async def watch(
        self, job_id: str, owner: str, idle_seconds: float, max_seconds: float
    ) -> AsyncGenerator[Job | None, None]:
        """The states of a job until it has ended, for at most `max_seconds`; None if it is idle.

        Raises as `get`.
        """
        job = await self.get(job_id, owner)
        return self._watch(job, owner, idle_seconds, max_seconds)

    async def _watch(
        self, job: Job, owner: str, idle_seconds: float, max_seconds: float
    ) -> AsyncGenerator[Job | None, None]:
        deadline = time.monotonic() + max_seconds
        changed = asyncio.Event()
        entry = self._active.get(job.id)
        if entry is not None:
            entry.watchers.add(changed)
        try:
            yield job
            while job.is_active and time.monotonic() < deadline:
                if entry is None:
                    await asyncio.sleep(_LOOK_SECONDS)
                    job = await self.get(job.id, owner)
                    yield job
                    continue
                try:
                    async with asyncio.timeout(min(idle_seconds, deadline - time.monotonic())):
                        await changed.wait()
                except TimeoutError:
                    yield None
                    continue
                if job.is_active:
                    await asyncio.sleep(_REPORT_SECONDS)
                changed.clear()
                yield job
        finally:
            if entry is not None:
                entry.watchers.discard(changed)

    async def close(self) -> None:
        """Stop all jobs: they are lost."""
        for task in (self._loop_task, *self._tasks):
            if task is not None:
                task.cancel()
        for entry in self._active.values():
            observe_end(entry, "lost", time.time())
            entry.upload.close()
        await self.store.close()

    async def _run_all(self) -> None:
        """Run the jobs until none waits."""
        beat = asyncio.create_task(self._beat())
        try:
            while self._waiting:
                entry = min(self._waiting, key=lambda one: self._started.get(one.owner, 0))
                self._waiting.remove(entry)
                self._started[entry.owner] = max(self._started.values(), default=0) + 1
                await self._run(entry)
        finally:
            beat.cancel()

    async def _run(self, entry: Entry) -> None:
        job = entry.job
        job.state, job.started = "running", time.time()
        metrics.jobs.labels(job.state).inc()
        entry.changed()
        await self.store.save(job)
        if not job.is_active:  # cancelled meanwhile
            return
        progress = Progress(job, entry.changed)
        entry.task = asyncio.create_task(entry.compute(progress), context=entry.context)
        try:
            result = await entry.task
        except asyncio.CancelledError:
            if not job.is_active:  # its owner has cancelled it
                return
            entry.task.cancel()
            raise
        except SamoError as error:
            await self._finish(entry, "failed", error)
        except Exception as error:  # noqa: BLE001  # whatever fails, the next job runs
            _log.error("a job failed: %s", describe(error))
            failure = SamoError("The service failed, and the failure was logged: try again later.")
            await self._finish(entry, "failed", failure)
        else:
            await self._finish(entry, "done", result=result)

    async def _finish(
        self,
        entry: Entry,
        state: JobState,
        error: SamoError | None = None,
        result: bytes | None = None,
    ) -> None:
        """The job has ended: keep its result, delete its recording, tell whoever waits."""
        job = entry.job
        if not job.is_active:
            return
        job.finished = time.time()
        job.expires = job.finished + self._settings.job_result_seconds
        if error is not None:
            job.error = {"code": error.code, "message": error.message}
        if result is not None:
            await self.store.save_result(job, result)
        if entry.callback is not None and state != "cancelled":
            job.callback = "pending"
        job.state, job.step = state, "finished"
        observe_end(entry, state, job.finished, error)
        self._active.pop(job.id, None)
        with contextlib.suppress(ValueError):
            self._waiting.remove(entry)
        entry.upload.close()
        await self.store.save(job)
        entry.changed()
        if job.callback == "pending":
            task = asyncio.create_task(self._call(entry))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _cancel(self, entry: Entry) -> None:
        await self._finish(entry, "cancelled")
        if entry.task is not None:
            entry.task.cancel()

    async def _call(self, entry: Entry) -> None:
        secret = self._settings.callback_secret
        if entry.callback is None or secret is None:
            return
        body = message(entry.job)
        delivered = await deliver(entry.callback, entry.job.id, body, secret.get_secret_value())
        entry.job.callback = "delivered" if delivered else "failed"
        if not delivered:
            log_failed_callback(entry)
        await self.store.save(entry.job)

    async def _beat(self) -> None:
        """Share the progress, and cancel what other instances are asked to cancel."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            if self.store.place == "redis":
                for entry in [*self._active.values()]:
                    await self.store.save(entry.job)
            for job_id in await self.store.beat([*self._active]):
                if (asked := self._active.get(job_id)) is not None:
                    await self._cancel(asked)
