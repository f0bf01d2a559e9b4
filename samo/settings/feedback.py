"""The settings of feedback; `samo.settings.Settings` inherits them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings

_MAX_DAYS = 36_500.0


def _check_url(value: SecretStr | None) -> SecretStr | None:
    """The URL of a SQLite file or of a PostgreSQL database."""
    if value is None:
        return None
    try:
        parts = urlsplit(value.get_secret_value())
        has_place = bool(parts.hostname or parts.query) and parts.path != ""
        _ = parts.port  # raises an error if it is no number
    except ValueError:
        raise ValueError("It is not a URL") from None
    is_file = parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1
    if not is_file and not (parts.scheme in ("postgresql", "postgres") and has_place):
        raise ValueError(
            "The database is sqlite:////folder/feedback.db, a file, or "
            "postgresql://user:password@host/database"
        )
    return value


class FeedbackSettings(BaseSettings):
    """Where feedback is stored, and for how long."""

    feedback_url: Annotated[SecretStr | None, AfterValidator(_check_url)] = Field(
        default=None,
        description="Database of feedback: 'sqlite:////var/lib/samo/feedback.db', a file, or "
        "'postgresql://user:password@host/database', which instances share. Unset: feedback is "
        "off, and nothing is stored.",
    )
    feedback_days: float = Field(
        default=365.0,
        gt=0,
        le=_MAX_DAYS,
        description="Feedback is deleted after this number of days.",
    )
    answer_days: float = Field(
        default=7.0,
        gt=0,
        le=_MAX_DAYS,
        description="Feedback can be sent this number of days after the response. Then what was "
        "predicted is deleted; with feedback, together with that.",
    )
    feedback_migrate: bool = Field(
        default=True,
        description="Create and update the tables of feedback at start. 'false' leaves that to "
        "`samo feedback migrate`, if the service may not change tables.",
    )
