"""The error envelope."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class ErrorBody(BaseModel):
    """What went wrong and what to do about it."""

    code: str = Field(description="For programs; stable.", examples=["invalid_request"])
    message: str = Field(description="For people; says what to do.")
    details: dict[str, Any] = Field(description="Limits and positions, by code.")
    request_id: str | None = Field(description="The same as the X-Request-ID header.")


class OpenAIErrorBody(BaseModel):
    """The same in the form of OpenAI's API."""

    message: str = Field(description="For people; says what to do.")
    type: str = Field(examples=["invalid_request_error", "server_error"])
    param: str | None = Field(description="The field that the error is about.")
    code: str = Field(description="For programs; stable.", examples=["invalid_request"])
    request_id: str | None = Field(description="The same as the X-Request-ID header.")


class OpenAIErrorEnvelope(BaseModel):
    """The body of every response below /v1/ with a status of 400 or more."""

    error: OpenAIErrorBody


class ErrorEnvelope(BaseModel):
    """The body of every response with a status of 400 or more."""

    error: ErrorBody
