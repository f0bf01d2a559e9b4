"""The settings of jobs; `samo.settings.Settings` inherits them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode

from samo import options


class JobSettings(BaseSettings):
    """Limits of jobs, where their recordings wait, and how long results are kept."""

    max_job_bytes: int = Field(
        default=500 * 1024 * 1024,
        ge=1024,
        description="Largest recording of a job, in bytes.",
    )
    max_job_seconds: float = Field(
        default=3 * 3600.0,
        gt=0,
        description="Longest recording of a job, in seconds of audio.",
    )
    max_jobs: int = Field(
        default=16,
        ge=1,
        description="Jobs that wait or run in this instance; further ones are refused with 503.",
    )
    max_jobs_per_key: int = Field(
        default=4,
        ge=1,
        description="Jobs of one API key that wait or run; further ones are refused with 429.",
    )
    job_result_seconds: float = Field(
        default=3600.0,
        gt=0,
        description="A finished job and its result are kept for this time.",
    )
    job_upload_seconds: float = Field(
        default=1800.0,
        gt=0,
        description="An upload of a job that takes longer is refused with 504; the other requests "
        "have deadline_seconds.",
    )
    jobs_folder: Path = Field(
        default_factory=lambda: Path(tempfile.gettempdir()),
        description="Folder of the recordings of jobs until they are transcribed. Its files have "
        "no name and end with the process. Default: the system's temporary folder.",
    )
    callback_secret: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Secret of at least 16 characters that signs the calls to the callback_url of "
        "a job. Unset: callbacks are off.",
    )
    callback_hosts: Annotated[list[str], NoDecode, BeforeValidator(options.parse_hosts)] = Field(
        default_factory=list,
        description="Host names of your own network that callbacks may reach although their "
        "address is private, also without TLS. All others must be public, and https.",
    )
