"""The settings of an A/B experiment; `samo.settings.Settings` inherits them."""

from __future__ import annotations

import re
from typing import Final, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

AbMode = Literal["split", "shadow"]

_TAG: Final = re.compile(r"[a-z0-9]([a-z0-9_.-]*[a-z0-9])?(:[a-z0-9]([a-z0-9_.-]*[a-z0-9])?)?")
# RFC 9110's token: the characters of a header's name.
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")


class AbSettings(BaseSettings):
    """A second emotion model, B, beside the one that serves, A."""

    ab_model: str | None = Field(
        default=None,
        description="Tag of a second emotion model in the model store, B. Unset, there is no "
        "experiment.",
    )
    ab_mode: AbMode = Field(
        default="split",
        description="'split': B answers a share of the callers. 'shadow': A answers everybody; B "
        "classifies the same texts afterwards, and only its agreement with A is counted.",
    )
    ab_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Share of the callers whose texts B classifies, from 0 to 1.",
    )
    ab_header: str | None = Field(
        default=None,
        description="Header with the id of the person for whom a client calls, by which callers "
        "are told apart. Requests without it get A and do not count. Unset, a caller is an API "
        "key, or an address without keys.",
    )

    @field_validator("ab_model")
    @classmethod
    def _check_model(cls, value: str | None) -> str | None:
        """A tag of BentoML's model store."""
        if value is not None and not _TAG.fullmatch(value):
            raise ValueError("It is not a tag, such as samo-emotion:ycjhstxjw6bwgax4")
        return value

    @field_validator("ab_header")
    @classmethod
    def _check_header(cls, value: str | None) -> str | None:
        """The name of a header."""
        if value is not None and not _HEADER_NAME.fullmatch(value):
            raise ValueError("It is not the name of a header, such as X-User-ID")
        return value
