"""Refuse WebSockets; there is no route for them."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from runners.errors import SamoError, UnsupportedProtocol
from samo.http.envelope import REQUEST_ID_HEADER, error_response, request_id, request_id_of


def no_websocket() -> SamoError:
    """The error for a request that asks for a WebSocket."""
    return UnsupportedProtocol("WebSockets are not supported: send a plain HTTP request.")


async def refuse_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a WebSocket handshake with the envelope, if the server supports such a response."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    token = request_id.set(request_id_of(Headers(scope=scope)))
    response = error_response(no_websocket())
    response.headers[REQUEST_ID_HEADER] = request_id.get() or ""
    request_id.reset(token)
    await response(scope, receive, send)
