"""Bodies of the `/feedback` routes."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from samo import limits, options
from samo.api.schemas.base import JournalText, RequestBody, check_not_blank

# More than any model has.
_MAX_NAMES: Final = 64
_REQUEST_ID: Final = re.compile(r"[\w.-]{1,128}", re.ASCII)
# What needs no encoding in a path. The first character excludes "..", which clients resolve.
_USER: Final = re.compile(r"[A-Za-z0-9][\w.@:+~-]{0,127}", re.ASCII)


def _check_request_id(value: str) -> str:
    if not _REQUEST_ID.fullmatch(value):
        raise PydanticCustomError("request_id", "Send the X-Request-ID of a response")
    return value


def check_user(value: str) -> str:
    """The id of a user; raises pydantic's error if it has characters that an id may not have."""
    if not _USER.fullmatch(value):
        raise PydanticCustomError(
            "user",
            "Send 1 to 128 letters, digits and characters of . _ - @ : + ~, the first one a letter "
            "or digit",
        )
    return value


def _check_no_nul(value: str) -> str:
    if "\0" in value:
        raise PydanticCustomError("nul", "Remove the NUL characters: they cannot be stored")
    return value


def _normalize_names(value: Any) -> Any:
    """Distinct names, case-insensitive."""
    if not isinstance(value, list) or len(value) > _MAX_NAMES:
        return value
    names = [options.normalize_choice(name) for name in value]
    return [name for i, name in enumerate(names) if name not in names[:i]]


Names = Annotated[list[str], BeforeValidator(_normalize_names)]
StorableText = Annotated[str, AfterValidator(_check_no_nul)]


class FeedbackRequest(RequestBody):
    """What a person says about a response."""

    request_id: Annotated[str, AfterValidator(_check_request_id)] = Field(
        description="The X-Request-ID of the response."
    )
    item: Annotated[int, BeforeValidator(options.parse_integer)] = Field(
        default=0,
        ge=0,
        le=limits.MAX_BATCH_TEXTS - 1,
        description="Which text of `/predict_batch`, counted from 0.",
    )
    user: Annotated[str, AfterValidator(check_user)] | None = Field(
        default=None,
        description="Your own id of the person, under which their feedback can be exported and "
        "erased. It is known to your API key only; do not use a name or an address.",
    )
    consent: bool = Field(
        default=False,
        description="Whether the person agrees that `text` and `transcript` are stored. They are "
        "refused otherwise.",
    )
    labels: Names | None = Field(
        default=None,
        min_length=1,
        max_length=_MAX_NAMES,
        description="The emotions that are right, all of them; `neutral` if there is none.",
    )
    moods: Names | None = Field(
        default=None,
        max_length=_MAX_NAMES,
        description="The moods that are right, all of them; empty if there is none.",
    )
    summary_rating: Annotated[int, BeforeValidator(options.parse_integer)] | None = Field(
        default=None, ge=1, le=5, description="How good the summary is: 1 is bad, 5 is good."
    )
    transcript: Annotated[StorableText, AfterValidator(check_not_blank)] | None = Field(
        default=None,
        max_length=limits.MAX_TEXT_CHARACTERS,
        description="The corrected transcript of a recording. Needs `consent`.",
    )
    text: Annotated[JournalText, AfterValidator(_check_no_nul)] | None = Field(
        default=None,
        description="The entry, or the sentence of it, that `labels` and `moods` are about; with "
        "them it can be used for training. Needs `consent`.",
    )


class FeedbackResponse(BaseModel):
    """Feedback that is stored."""

    id: str = Field(
        description="The same for feedback of the same user about the same response and text, "
        "which replaces the earlier one."
    )
    request_id: str
    item: int
    created: datetime


class PredictedNames(BaseModel):
    """What was answered."""

    route: str
    created: datetime
    model: str = Field(description="Tag of the emotion classifier.")
    variant: str = Field(description="Of an A/B experiment; `a` without one.")
    caller: str | None = Field(
        description="Pseudonym of the caller in an A/B experiment; null outside of one."
    )
    labels: list[str] | None = Field(description="Null if the route predicts none.")
    moods: list[str] | None


class UserFeedback(BaseModel):
    """Feedback as it is stored; null is what the person did not say."""

    id: str
    request_id: str
    item: int
    created: datetime
    consent: bool
    labels: list[str] | None
    moods: list[str] | None
    summary_rating: int | None
    transcript: str | None
    text: str | None
    predicted: PredictedNames


class UserFeedbackResponse(BaseModel):
    """All that is stored about a user, in pages."""

    feedback: list[UserFeedback]
    next: str | None = Field(
        description="The value of `after` for the next page; null if this is the last one."
    )


class ErasedResponse(BaseModel):
    """How much was erased."""

    erased: int = Field(description="Number of feedback; 0 if there was none of this user.")
