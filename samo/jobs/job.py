"""The state of a job, and its id."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import orjson

JobState = Literal["queued", "running", "done", "failed", "cancelled", "lost"]
JobStep = Literal["waiting", "decoding", "transcribing", "analysing", "finished"]
JobKind = Literal["insight", "transcription"]
CallbackState = Literal["pending", "delivered", "failed"]

ACTIVE: Final[frozenset[JobState]] = frozenset(("queued", "running"))

_PREFIX: Final = "job_"
_INSTANCE_BYTES: Final = 4
_RANDOM_BYTES: Final = 16
_OWNER_BYTES: Final = 8
_ID_BYTES: Final = 4 + _INSTANCE_BYTES + _RANDOM_BYTES + _OWNER_BYTES


@dataclass(slots=True)
class Job:
    """A job, as it is kept and as other instances see it. Times are Unix times in seconds."""

    id: str
    kind: JobKind | None
    """None for a lost job that nobody knows any more."""
    created: float
    state: JobState = "queued"
    step: JobStep = "waiting"
    seconds_done: float = 0.0
    """Seconds of the recording that are transcribed."""
    seconds_total: float | None = None
    """Length of the recording; None until it is decoded."""
    started: float | None = None
    finished: float | None = None
    expires: float | None = None
    """When the job and its result are deleted."""
    error: dict[str, Any] | None = None
    """Code and message of the error of a failed or lost job."""
    callback: CallbackState | None = None
    """None without a callback."""

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.state in ACTIVE

    def to_json(self) -> bytes:
        """For a store."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, content: bytes) -> Job:
        """The job that `to_json` wrote."""
        return cls(**orjson.loads(content))


@dataclass(frozen=True, slots=True)
class JobId:
    """An id says who owns the job, which instance made it, and when.

    So it is recognized by an instance that has never seen it, after a restart, too. Nobody can
    guess the id of another job; and an id does not tell its owner's name.
    """

    created: int
    """Unix time."""
    instance: bytes
    text: str

    @classmethod
    def new(cls, owner: str, instance: bytes) -> JobId:
        """A new id."""
        created = int(time.time())
        content = created.to_bytes(4, "big") + instance + os.urandom(_RANDOM_BYTES)
        encoded = base64.urlsafe_b64encode(content + _owner_mark(content, owner)).decode()
        return cls(created, instance, _PREFIX + encoded.rstrip("="))

    @classmethod
    def parse(cls, text: str, owner: str) -> JobId | None:
        """The id in `text`; None if it is none, or the job belongs to somebody else."""
        encoded = text.removeprefix(_PREFIX)
        if not text.startswith(_PREFIX) or not encoded.isascii():
            return None
        try:
            content = base64.b64decode(encoded + "=" * (-len(encoded) % 4), b"-_", validate=True)
        except ValueError:
            return None
        # the last character has unused bits: only one of its forms is the id
        canonical = base64.urlsafe_b64encode(content).decode().rstrip("=")
        if len(content) != _ID_BYTES or encoded != canonical:
            return None
        body, mark = content[:-_OWNER_BYTES], content[-_OWNER_BYTES:]
        if not hmac.compare_digest(mark, _owner_mark(body, owner)):
            return None
        return cls(int.from_bytes(body[:4], "big"), body[4 : 4 + _INSTANCE_BYTES], text)

    @staticmethod
    def instance_of(text: str) -> bytes:
        """The instance in an id that was parsed before."""
        encoded = text.removeprefix(_PREFIX)
        content = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        return content[4 : 4 + _INSTANCE_BYTES]


def lost(job_id: JobId) -> Job:
    """The state of a job that nobody knows any more."""
    return Job(
        job_id.text,
        kind=None,
        created=job_id.created,
        state="lost",
        step="finished",
        error={
            "code": "job_lost",
            "message": "The instance that had this job has restarted, or is another one: the "
            "recording is not kept, so send it again.",
        },
    )


def _owner_mark(content: bytes, owner: str) -> bytes:
    return hashlib.sha256(content + owner.encode()).digest()[:_OWNER_BYTES]


@dataclass(frozen=True, slots=True)
class Instance:
    """The process that runs a job."""

    id: bytes = field(default_factory=lambda: os.urandom(_INSTANCE_BYTES))
    """Part of the ids of its jobs."""
