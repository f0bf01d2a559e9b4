"""Settings of the commands that call a service: `samo analyze`, `samo listen`, `samo journal`."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ClientSettings(BaseSettings):
    """The service to call, by `SAMO_URL` and `SAMO_API_KEY`; `--url` and `--api-key` go first."""

    model_config = SettingsConfigDict(env_prefix="SAMO_", env_ignore_empty=True, frozen=True)

    url: str | None = Field(
        default=None, description="Address of a service; unset: analyse in this process."
    )
    api_key: SecretStr | None = Field(default=None, description="The service's API key.")
