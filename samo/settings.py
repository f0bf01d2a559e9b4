"""What the environment may set. Nothing else in the project reads the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from samo import options
from samo.limits import MAX_FORM_BYTES


def available_cpus() -> int:
    """CPUs that this process may use; all of the machine's where the system does not say."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


class Settings(BaseSettings):
    """Read from variables that begin with `SAMO_`, such as `SAMO_THREADS=4`."""

    model_config = SettingsConfigDict(env_prefix="SAMO_", frozen=True)

    runners: Literal["real", "fake"] = Field(
        default="real",
        description="'fake' serves without weights: obvious answers, for a client's own tests.",
    )
    threads: int = Field(
        default_factory=available_cpus,
        ge=1,
        description="Threads of the emotion classifier. Set it where a container is limited to "
        "fewer CPUs than the machine has.",
    )
    ctranslate2_threads: int = Field(
        default=1,
        ge=1,
        description="Threads of the transcriber and of the summarizer. On two cores one thread "
        "is 1.5 times as fast as two for Whisper base, and ten times for the small T5.",
    )
    recordings: int = Field(
        default_factory=lambda given: given["threads"],
        ge=1,
        description="Recordings that are transcribed, and uploads that are decoded, at a time: as "
        "many as threads.",
    )
    max_wait_seconds: float = Field(
        default=20.0,
        gt=0,
        description="A text that would wait longer for its model is refused with 503.",
    )
    max_audio_wait_seconds: float = Field(
        default=60.0,
        gt=0,
        description="A recording that would wait longer for the transcriber is refused with 503.",
    )
    deadline_seconds: float = Field(
        default=290.0,
        gt=0,
        description="A request that takes longer, its body's arrival included, is answered 504 and "
        "its computing stops. Keep it below the timeout of the proxy in front, 300 on Cloud Run.",
    )
    keep_alive_seconds: int = Field(
        default=75,
        ge=1,
        description="An idle connection is closed after this time. Keep it above the time for "
        "which the proxy in front keeps its connections: 60 for nginx and for AWS's balancers.",
    )
    header_seconds: float = Field(
        default=15.0,
        gt=0,
        description="A connection whose request line and headers take longer is closed with 408.",
    )
    max_header_bytes: int = Field(
        default=64 * 1024,
        ge=1024,
        description="A request whose request line and headers are larger is refused with 431.",
    )
    upload_stall_seconds: float = Field(
        default=20.0,
        gt=0,
        description="A body that pauses for longer is refused with 408.",
    )
    min_upload_bytes_per_second: int = Field(
        default=4096,
        ge=1,
        description="A body that stays slower for upload_stall_seconds is refused with 408. A "
        "phone on GPRS sends about 5,000.",
    )
    max_uploads_bytes: int = Field(
        default=256 * 1024 * 1024,
        ge=MAX_FORM_BYTES,
        description="Uploads beyond this many bytes in memory, all together, are refused with 503.",
    )
    max_connections: int = Field(
        default=500,
        ge=1,
        description="Requests on further connections are refused with 503, except of probes. "
        "Keep it below half of the files that the process may open (ulimit -n).",
    )
    cors_origins: Annotated[list[str], NoDecode, BeforeValidator(options.origins)] = Field(
        default_factory=list,
        description="Browser origins that may call, with commas between them: "
        "'https://journal.example,http://localhost:8080'; or a JSON list of them. '*' lets every "
        "page call.",
    )


class JobTask(BaseSettings):
    """Which of a Cloud Run Job's tasks this is; the only one, where it is none."""

    model_config = SettingsConfigDict(env_prefix="CLOUD_RUN_TASK_", frozen=True)

    index: int = Field(default=0, ge=0, description="Number of this task, from 0.")
    count: int = Field(default=1, ge=1, description="Number of tasks of the job.")


class CacheSettings(BaseSettings):
    """Where `export_models.py` and `training/` keep downloaded checkpoints."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    home: Path = Field(
        default_factory=lambda: Path.home() / ".cache",
        validation_alias="XDG_CACHE_HOME",
        description="Folder for the caches of all programs, by the XDG specification.",
    )

    @property
    def folder(self) -> Path:
        """The cache of this project."""
        return self.home / "samo"
