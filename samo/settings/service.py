"""The settings of the service."""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from runners.errors import StartError
from samo import options
from samo.limits import MAX_FORM_BYTES
from samo.settings.ab import AbSettings
from samo.settings.access import AccessSettings
from samo.settings.decoding import DecodingSettings
from samo.settings.drift import DriftSettings
from samo.settings.feedback import FeedbackSettings
from samo.settings.jobs import JobSettings
from samo.settings.live import LiveSettings
from samo.settings.logs import LogSettings
from samo.settings.models import ModelSettings
from samo.settings.reliability import ReliabilitySettings
from samo.settings.reloading import ReloadingSettings
from samo.settings.switches import without_effect

_log = logging.getLogger("bentoml.samo.settings")

_PREFIX: Final = "SAMO_"
DEFAULT_PORT: Final = 3000
# Former names of settings and their present ones. They work for one release, with a warning.
_RENAMED: Final = {"recordings": "max_concurrent_transcriptions"}
# Read by tests and load tests, which may run in the same shell.
_TEST_VARIABLES: Final = frozenset({"SAMO_TEST_DATA", "SAMO_LOADTEST_SERVER"})
# Read by the commands that call a service (`ClientSettings`), from the same shell.
_CLIENT_VARIABLES: Final = frozenset({"SAMO_URL", "SAMO_API_KEY"})


def available_cpus() -> int:
    """CPUs that this process may use; all CPUs if the system does not tell."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


class Settings(
    AbSettings,
    AccessSettings,
    DecodingSettings,
    DriftSettings,
    FeedbackSettings,
    JobSettings,
    LiveSettings,
    LogSettings,
    ModelSettings,
    ReliabilitySettings,
    ReloadingSettings,
):
    """Each field is read from a variable with the prefix `SAMO_`, such as `SAMO_THREADS=4`.

    `load` adds warnings and readable errors; a test passes values directly.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True)

    runners: Literal["real", "fake"] = Field(
        default="real",
        description="'fake' serves without models, with predictable output, for tests of clients.",
    )
    threads: int = Field(
        default_factory=available_cpus,
        ge=1,
        description="Threads of the emotion classifier; by default the available CPUs. Set it if a "
        "container is limited to fewer CPUs than the machine has.",
    )
    ctranslate2_threads: int = Field(
        default=1,
        ge=1,
        description="Threads of the transcriber and of the summarizer. On two cores one thread "
        "is 1.5 times as fast as two for Whisper base, and ten times for the small T5.",
    )
    max_concurrent_transcriptions: int = Field(
        default_factory=lambda data: data["threads"],
        ge=1,
        description="Maximum number of concurrent transcriptions, and of concurrent decodes. "
        "Defaults to `threads`.",
    )
    max_wait_seconds: float = Field(
        default=1.2,
        gt=0,
        description="A text is refused with 503 if its estimated wait for a model is longer, "
        "also longer than four times its own computing, and, if it has at most 80 "
        "tokens, if more than 5,120 wait for the emotion classifier.",
    )
    max_audio_wait_seconds: float = Field(
        default=60.0,
        gt=0,
        description="A recording is refused with 503 if its estimated wait for the transcriber is "
        "longer.",
    )
    keep_alive_seconds: int = Field(
        default=75,
        ge=1,
        description="An idle connection is closed after this time. Keep it above the time for "
        "which the proxy in front keeps its connections: 60 for nginx and AWS load balancers.",
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
        description="Memory for all uploads together; an upload beyond it is refused with 503.",
    )
    max_connections: int = Field(
        default=500,
        ge=1,
        description="Requests on further connections are refused with 503, except for probes. It "
        "is lowered if the process may not open so many files (ulimit -n).",
    )
    cors_origins: Annotated[list[str], NoDecode, BeforeValidator(options.parse_origins)] = Field(
        default_factory=list,
        description="Browser origins that may call the service, separated by commas: "
        "'https://journal.example,http://localhost:8080'; or as a JSON list. '*' allows all.",
    )

    @classmethod
    def load(cls) -> Settings:
        """Read the environment; log a warning for each variable that is unknown or renamed.

        Raises:
            StartError: A variable has an invalid value, or has no effect because another one
                is off; the message names it.
        """
        for warning in _warnings(os.environ):
            _warn(warning)
        try:
            settings = cls(**_renamed_values(os.environ))  # type: ignore[arg-type]  # parsed here
        except ValidationError as error:
            raise StartError(_describe(error, _PREFIX)) from None
        if problems := [*without_effect(settings, _PREFIX)]:
            raise StartError("\n".join(problems))
        return settings


class CloudRunTask(BaseSettings):
    """Index and count of this Cloud Run task; outside a job, 0 of 1."""

    model_config = SettingsConfigDict(env_prefix="CLOUD_RUN_TASK_", frozen=True)

    index: int = Field(default=0, ge=0, description="Index of this task, from 0.")
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


class _Platform(BaseSettings):
    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535, description="Port to listen on.")


def default_port() -> int:
    """The port that the platform sets in `PORT`, as Cloud Run does, or 3000.

    Raises:
        StartError: It is not a port.
    """
    try:
        return _Platform().port
    except ValidationError as error:
        raise StartError(_describe(error, "")) from None


def variable_names() -> list[str]:
    """The environment variables of `Settings`."""
    return [_variable(field) for field in Settings.model_fields]


def _variable(field: str) -> str:
    return f"{_PREFIX}{field}".upper()


def _warnings(environment: Mapping[str, str]) -> Iterator[str]:
    """Warnings about the variables with our prefix that are unknown or renamed."""
    names = {name.upper() for name in environment if name.upper().startswith(_PREFIX)}
    for old_field, new_field in _RENAMED.items():
        old, new = _variable(old_field), _variable(new_field)
        if old in names:
            effect = f"it is ignored, because {new} is set" if new in names else f"set {new}"
            yield f"{old} is now called {new}: {effect}."
            names.remove(old)
    known = variable_names()
    for name in sorted(names - {*known} - _TEST_VARIABLES - _CLIENT_VARIABLES):
        similar = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {similar[0]}?" if similar else "docs/api.md lists the settings."
        yield f"{name} is not a setting: {hint}"


@cache
def _warn(message: str) -> None:
    """Log a warning once: `samo serve` and the service that it imports both load the settings."""
    _log.warning("%s", message)


def _renamed_values(environment: Mapping[str, str]) -> dict[str, str]:
    """Values of variables with a former name, by the present name of the field."""
    values = {name.upper(): value for name, value in environment.items()}
    return {
        new: values[_variable(old)]
        for old, new in _RENAMED.items()
        if _variable(old) in values and _variable(new) not in values
    }


def _reason(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "too_short":  # of a secret, whose characters pydantic calls items
        return f"it needs at least {problem['ctx']['min_length']} characters"
    return str(problem["msg"]).removeprefix("Value error, ")


def _describe(error: ValidationError, prefix: str) -> str:
    """One line for each invalid variable; the value is not repeated."""
    return "\n".join(
        f"{prefix}{problem['loc'][0]}".upper()
        + f" cannot be used: {_reason(problem)}. Correct or unset it."
        for problem in error.errors(include_url=False, include_input=False)
        # a default that is derived from the invalid value
        if problem["type"] != "default_factory_not_called"
    )
