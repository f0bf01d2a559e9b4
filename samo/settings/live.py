"""The settings of live speech; `samo.settings.Settings` inherits them."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class LiveSettings(BaseSettings):
    """Live sessions, and the short-lived tokens with which browsers open them."""

    max_live_sessions: int | None = Field(
        default=None,
        ge=0,
        description="Live sessions at the same time; the next one is told at once. By default as "
        "many as `threads`; 0 switches live speech off.",
    )
    max_live_seconds: float = Field(
        default=1800.0,
        gt=0,
        description="A live session ends after this time, with its insight.",
    )
    live_idle_seconds: float = Field(
        default=60.0,
        gt=0,
        description="A live session that sends nothing for this time ends, with its insight.",
    )
    token_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Secret of at least 32 characters that signs short-lived tokens. Several "
        "instances need the same one; by default each start draws its own.",
    )
