"""Bodies of `/v1/realtime/client_secrets`."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, Field

from samo import options
from samo.api.schemas.base import RequestBody
from samo.live.config import SessionConfig

MAX_TOKEN_SECONDS: Final = 60
MIN_TOKEN_SECONDS: Final = 10


class ExpiresAfter(RequestBody):
    """When a token expires."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, BeforeValidator(options.parse_integer)] = Field(
        default=MAX_TOKEN_SECONDS,
        ge=MIN_TOKEN_SECONDS,
        le=MAX_TOKEN_SECONDS,
        description="The session itself may go on after that.",
    )


class ClientSecretRequest(RequestBody):
    """What a token opens, and for how long it is valid."""

    expires_after: ExpiresAfter = Field(default_factory=ExpiresAfter)
    session: SessionConfig = Field(
        default_factory=SessionConfig.default,
        description="The configuration with which its sessions begin. Send a prompt and keywords "
        "with `session.update` instead: a token is signed, not encrypted.",
    )


class ClientSecretResponse(BaseModel):
    """A token for a browser."""

    value: str = Field(description="The token; send it as the subprotocol of the WebSocket.")
    expires_at: int = Field(description="Unix time, in seconds.")
    session: dict[str, Any] = Field(description="The configuration.")
