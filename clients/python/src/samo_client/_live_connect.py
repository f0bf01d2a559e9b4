"""How a live session connects, and the errors of its connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx
from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus

from samo_client._transport import Configuration, api_error, unreachable
from samo_client.errors import SamoError, TimedOut, UnexpectedResponse

# The insight of half an hour of speech, with the probabilities of all words.
_MAX_MESSAGE_BYTES: Final = 16_000_000
# A service that still transcribes does not answer at once that the connection is closed.
_CLOSE_SECONDS: Final = 2.0


def connection_options(configuration: Configuration) -> dict[str, Any]:
    """Arguments of `connect` of websockets, for threads and for asyncio."""
    headers: Mapping[str, str] = configuration.headers
    return {
        "additional_headers": {k: v for k, v in headers.items() if k != "User-Agent"},
        "user_agent_header": headers["User-Agent"],
        "open_timeout": configuration.timeout.connect,
        "close_timeout": _CLOSE_SECONDS,
        # audio that is sent faster than it is transcribed waits in the connection, before a ping
        "ping_timeout": configuration.timeout.read,
        "max_size": _MAX_MESSAGE_BYTES,
        "compression": None,  # of base64 on a processor that transcribes
    }


def connect_error(error: Exception, configuration: Configuration) -> SamoError:
    """The client's error for one of websockets or the system, before the connection is open."""
    if isinstance(error, InvalidStatus):
        response = error.response
        return api_error(
            httpx.Response(
                response.status_code,
                headers=list(response.headers.raw_items()),
                content=bytes(response.body or b""),
            ),
            configuration,
        )
    if isinstance(error, InvalidHandshake) and not isinstance(error, InvalidMessage):
        return UnexpectedResponse(
            f"{configuration.address} opens no live session ({type(error).__name__}): check the "
            "URL and whether a proxy in between passes WebSockets on."
        )
    if isinstance(error, TimeoutError):
        return TimedOut(
            f"{configuration.address} did not open a live session within "
            f"{configuration.timeout.connect:g} s."
        )
    return unreachable(configuration, str(error) or type(error).__name__)
