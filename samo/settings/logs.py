"""The settings of the logs; `samo.settings.Settings` inherits them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

LogFormat = Literal["text", "json"]


class LogSettings(BaseSettings):
    """How log lines are written, and what they may contain."""

    log_format: LogFormat = Field(
        default="text",
        description="'json' writes each log line as a JSON object, with the fields that Google's "
        "Cloud Logging reads. The container image sets it.",
    )
    log_addresses: bool = Field(
        default=False,
        description="'true' adds the client's address to the log line of each request. An address "
        "is personal data.",
    )
    log_trace_project: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9.:-]+$",
        description="Google Cloud project of the traces that the log lines name, so that Cloud "
        "Logging links them.",
    )


class _Early(LogSettings):
    model_config = SettingsConfigDict(env_prefix="SAMO_", frozen=True)


def early_log_format() -> LogFormat:
    """The format for what is logged while the settings are read; text if they are invalid."""
    try:
        return _Early().log_format
    except ValidationError:
        return "text"
