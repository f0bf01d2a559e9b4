"""A job that waits or runs in this instance."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from runners.priority import Priority, prioritized
from samo.jobs.callback import Callback
from samo.jobs.job import Job, JobStep


class Progress:
    """What a running job reports."""

    def __init__(self, job: Job, on_change: Callable[[], None]) -> None:
        self._job = job
        self._on_change = on_change

    def step(self, step: JobStep) -> None:
        """The job begins a step."""
        if self._job.is_active:  # it may have been cancelled a moment ago
            self._job.step = step
            self._on_change()

    def total(self, seconds: float) -> None:
        """The recording lasts so many seconds."""
        self._job.seconds_total = round(seconds, 3)
        self._on_change()

    def add(self, seconds: float) -> None:
        """So many further seconds are transcribed."""
        self._job.seconds_done = round(self._job.seconds_done + seconds, 3)
        self._on_change()


Work = Callable[[BinaryIO, Progress], Awaitable[bytes]]
"""Computes the result of a job from its recording."""


@dataclass(slots=True, eq=False)
class Entry:
    """A job that waits or runs, its recording, and what it computes."""

    job: Job
    owner: str
    upload: BinaryIO
    work: Work
    callback: Callback | None
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    """Of the request that made the job, whose caller is charged for it."""
    watchers: set[asyncio.Event] = field(default_factory=set)
    task: asyncio.Task[bytes] | None = None

    async def compute(self, progress: Progress) -> bytes:
        """The result, computed from what requests leave."""
        with prioritized(Priority.BACKGROUND):
            return await self.work(self.upload, progress)

    def changed(self) -> None:
        """Wake those who watch."""
        for watcher in self.watchers:
            watcher.set()
