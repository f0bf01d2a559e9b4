"""One log line per job that has ended, like that of a request.

It has no text of the recording, and no id of the job: without API keys, whoever knows the id may
fetch the result. The id of the request that made the job joins both lines.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final

from runners.errors import SamoError
from samo.jobs.entry import Entry
from samo.jobs.job import JobState
from samo.monitoring import metrics
from samo.monitoring.request_record import current

_SERVER_ERROR: Final = 500

_log = logging.getLogger("bentoml.samo.jobs")  # below BentoML's logger, which has a handler


@dataclass(slots=True)
class JobLine:
    """The log line of a job."""

    request_id: str | None
    key: str
    kind: str | None
    state: JobState
    code: str | None
    audio_seconds: float | None
    """Length of the recording; None if it was not decoded."""
    seconds: float
    """From the start of the job to its end; 0 if it did not start."""
    degraded: list[str]

    def __str__(self) -> str:
        """The line for people."""
        audio = self.audio_seconds
        parts = [f"job {self.kind} {self.state}"]
        parts += [self.code] if self.code else []
        parts += [f"without {','.join(self.degraded)}"] if self.degraded else []
        parts.append(f"{self.seconds:.1f} s")
        parts += [f"{audio:.1f} s of audio"] if audio is not None else []
        parts += [f"key {self.key}"] if self.key else []
        parts += [self.request_id] if self.request_id else []
        return ", ".join(parts)

    def fields(self) -> dict[str, Any]:
        """The fields of the JSON object; docs/privacy.md explains them."""
        return {
            "message": f"job {self.kind} {self.state}",
            "id": self.request_id,
            "key": self.key or None,
            "kind": self.kind,
            "state": self.state,
            "code": self.code,
            "degraded": self.degraded,
            "audio_seconds": self.audio_seconds,
            "seconds": round(self.seconds, 3),
        }


def observe_end(entry: Entry, state: JobState, now: float, error: SamoError | None = None) -> None:
    """Count the end of a job, and log it.

    Args:
        entry: The job.
        state: How it ended.
        now: When it ended, as a Unix time.
        error: Why it failed.
    """
    metrics.jobs.labels(state).inc()
    if error is not None:
        metrics.errors.labels(error.code).inc()
    code = None if error is None else error.code
    line = _line(entry, state, now, "job_lost" if state == "lost" else code)
    level = logging.INFO
    if error is not None and error.status >= _SERVER_ERROR:
        level = logging.ERROR
    elif state == "lost" or line.degraded:
        level = logging.WARNING
    _log.log(level, "%s", line, extra={"structured": line})


def log_failed_callback(entry: Entry) -> None:
    """Log that the callback of a job was given up; its URL belongs to the caller."""
    record = entry.context.get(current)
    parts = ["the callback of a job was given up"]
    parts += [f"key {entry.owner}"] if entry.owner else []
    parts += [record.id] if record is not None else []
    _log.error("%s", ", ".join(parts))


def _line(entry: Entry, state: JobState, now: float, code: str | None) -> JobLine:
    job = entry.job
    record = entry.context.get(current)
    return JobLine(
        request_id=None if record is None else record.id,
        key=entry.owner,
        kind=job.kind,
        state=state,
        code=code,
        audio_seconds=job.seconds_total,
        seconds=0.0 if job.started is None else max(0.0, now - job.started),
        degraded=[] if record is None else record.degraded,
    )
