"""WebSockets: the request around one, which may be refused with the error envelope."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runners.errors import ModelFailure, SamoError, UnsupportedProtocol
from samo.http.envelope import REQUEST_ID_HEADER, error_response, request_id, request_id_of
from samo.http.request_context import request_context
from samo.monitoring.request_record import RequestRecord
from samo.private_logs import describe

_log = logging.getLogger("bentoml.samo.http")

# Close codes of RFC 6455.
INTERNAL_ERROR: Final = 1011
SERVICE_RESTART: Final = 1012
_SWITCHING_PROTOCOLS: Final = 101


def no_websocket() -> SamoError:
    """The error for a request that asks for a WebSocket where there is none."""
    return UnsupportedProtocol(
        "This path takes no WebSocket: only /v1/realtime does, with a GET and Connection: Upgrade."
    )


def stop_all_websockets() -> None:
    """Close every WebSocket, because the server's grace period is over."""
    for exchange in tuple(_exchanges):
        exchange.stop()


class WebSocketExchange:
    """One WebSocket, from its handshake to its end: request id, record, failures."""

    def __init__(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        self.record = RequestRecord(request_id_of(headers))
        self._scope = scope
        self._headers = headers
        self._receive = receive
        self._send = send
        self._is_open = False
        self._is_stopped = False
        self._can_respond = "websocket.http.response" in scope.get("extensions", {})
        self._task = asyncio.current_task()

    async def run(self, app: ASGIApp) -> None:
        """Have `app` serve the connection; afterwards the record is complete."""
        _exchanges.add(self)
        try:
            with request_context(self._scope, self._headers, self.record):
                await self._serve(app)
        finally:
            _exchanges.discard(self)

    def stop(self) -> None:
        """Cancel the application and close the connection."""
        self._is_stopped = True
        if self._task is not None:
            self._task.cancel()

    async def _serve(self, app: ASGIApp) -> None:
        try:
            await app(self._scope, self._guarded_receive, self._guarded_send)
            self.record.is_complete = True
        except asyncio.CancelledError:
            if not self._is_stopped or self._task is None:
                raise
            self._task.uncancel()
            await self._end(SERVICE_RESTART)
        except Exception as error:  # noqa: BLE001  # every failure is logged and answered
            _log.error("request %s failed: %s", request_id.get(), describe(error))
            await self._end(INTERNAL_ERROR)

    async def _end(self, code: int) -> None:
        if self._is_open:
            await self._guarded_send({"type": "websocket.close", "code": code, "reason": ""})
        elif not self.record.status:
            error = ModelFailure("The service failed, and the failure was logged: try again later.")
            await error_response(error)(self._scope, self._receive, self._guarded_send)

    async def _guarded_receive(self) -> Message:
        message = await self._receive()
        self.record.bytes_in += len(message.get("text") or message.get("bytes") or "")
        return message

    async def _guarded_send(self, message: Message) -> None:
        if message["type"] == "websocket.accept":
            self.record.status, self._is_open = _SWITCHING_PROTOCOLS, True
            self._add_request_id(message)
        elif message["type"] == "websocket.http.response.start":
            self.record.status = message["status"]
            self._add_request_id(message)
            if not self._can_respond:
                message = {"type": "websocket.close"}
        elif message["type"] == "websocket.http.response.body" and not self._can_respond:
            return
        elif message["type"] == "websocket.close":
            if not self.record.status:  # the router's refusal; the server would send a bare 403
                await error_response(no_websocket())(self._scope, self._receive, self._guarded_send)
                return
            self._is_open = False
        elif message["type"] == "websocket.send":
            self.record.bytes_out += len(message.get("text") or message.get("bytes") or "")
        await self._send(message)

    def _add_request_id(self, message: Message) -> None:
        raw = [*message.get("headers", ())]
        MutableHeaders(raw=raw)[REQUEST_ID_HEADER] = request_id.get() or ""
        message["headers"] = raw


_exchanges: Final[set[WebSocketExchange]] = set()
"""All WebSockets of this process."""
