"""What the environment may set. Nothing else in the project reads the environment."""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from samo import options


class Settings(BaseSettings):
    """Read from variables that begin with `SAMO_`, such as `SAMO_THREADS=4`."""

    model_config = SettingsConfigDict(env_prefix="SAMO_", frozen=True)

    runners: Literal["real", "fake"] = Field(
        default="real",
        description="'fake' serves without weights: obvious answers, for a client's own tests.",
    )
    threads: int = Field(
        default_factory=lambda: len(os.sched_getaffinity(0)),
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
        description="Recordings that are transcribed at a time: as many as threads.",
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
