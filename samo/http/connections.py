"""Limits on a connection before a request is parsed; uvicorn's HTTP protocol has none.

httptools collects headers of any length, and a client may take any time to send them. The
middleware cannot limit this, because it is called when the headers are complete. So this class
limits their size and time and the number of connections, and sends the errors that uvicorn would
send in plain text in the error envelope.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from typing import Any, ClassVar, Final

import httptools
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runners.errors import HeadersTooLarge, MalformedRequest, Overloaded, RequestTimeout, SamoError
from samo.http.probes import PROBES
from samo.http.responses import connection_response, raw_response
from samo.settings import Settings

# Connections beyond this multiple of the limit are closed before a request is read.
_HARD_LIMIT: Final = 2
_RETRY_AFTER_SECONDS: Final = 5
# Bytes of a header besides its name and value: a colon, a space, the line end.
_HEADER_OVERHEAD: Final = 4
# Bytes on the wire per byte of a body: a chunk of one byte takes six, and may have extensions.
_CHUNK_OVERHEAD: Final = 20
# Headers that define where a body ends.
_FRAMING: Final = (b"content-length", b"transfer-encoding")


class Connection(HttpToolsProtocol):
    """A client's connection; `connection_class` creates the class with its settings."""

    settings: ClassVar[Settings]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for the first request."""
        super().connection_made(transport)
        self._head_bytes = 0  # of the last complete head
        self._unparsed_bytes = 0  # neither of a complete head nor of a body
        self._head_started = False
        self._is_closing = False
        self._is_upgraded = False
        self._chunk = b""
        self._timer: asyncio.TimerHandle | None = None
        self._set_timer()
        if len(self.connections) > _HARD_LIMIT * self.settings.max_connections:
            self._refuse(_too_many_connections())

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unset_timer()
        super().connection_lost(exc)

    @property
    def is_idle(self) -> bool:
        """Whether no request is in progress."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def head_started(self) -> bool:
        """Whether a part of the next request's head has arrived."""
        return self._head_started

    def close_after_responses(self) -> None:
        """Close as soon as all requests that have arrived are answered."""
        self._is_closing = True
        if not self.is_idle:
            newest = self.pipeline[0][0] if self.pipeline else self.cycle
            newest.keep_alive = False

    def data_received(self, data: bytes) -> None:
        """Parse `data`; refuse a head or trailers as soon as they exceed the limit."""
        if self.transport.is_closing():
            return
        self._chunk = data
        self._unparsed_bytes += len(data)
        super().data_received(data)
        self._chunk = b""
        if self.transport.is_closing() or self._is_upgraded:
            return
        if self._unparsed_bytes > self.settings.max_header_bytes:
            self._refuse(self._headers_too_large())
        if not self.is_idle:
            self._unset_timer()
        elif self._timer is None:
            self._set_timer()

    def on_message_begin(self) -> None:
        """Note that a request has started."""
        self._head_started = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the request."""
        self._head_started = False
        super().on_headers_complete()
        self._head_bytes = self._unparsed_bytes
        self._unparsed_bytes = 0  # last: if httptools raises an error, the bytes still count
        if self._is_closing:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body; its chunk framing does not count, endless trailers do."""
        self._unparsed_bytes = max(0, self._unparsed_bytes - _CHUNK_OVERHEAD * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the head of the next request."""
        self._unparsed_bytes = 0
        super().on_message_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        scope = cycle.scope
        size = len(self.url) + sum(
            len(name) + len(value) + _HEADER_OVERHEAD for name, value in scope["headers"]
        )
        if size > self.settings.max_header_bytes:
            app = partial(_answer_with, self._headers_too_large())
        elif len(self.connections) > self.settings.max_connections and scope["path"] not in PROBES:
            app = partial(_answer_with, _too_many_connections())
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Answer invalid HTTP, and a URL of more than 64 kB, which httptools does not parse."""
        del msg
        if self._unparsed_bytes > self.settings.max_header_bytes:
            self._refuse(self._headers_too_large())
            return
        self._refuse(
            MalformedRequest("The request is not valid HTTP/1.1: send it with an HTTP client.")
        )

    def handle_websocket_upgrade(self) -> None:
        """Go on as a WebSocket, within the limits of a request."""
        self._unset_timer()
        self._is_upgraded = True
        if self._head_bytes > self.settings.max_header_bytes:
            self._refuse(self._headers_too_large())
        elif len(self.connections) > self.settings.max_connections:
            self._refuse(_too_many_connections())
        else:
            super().handle_websocket_upgrade()

    def _unsupported_upgrade_warning(self) -> None:
        """Ignore the upgrade that a client offers (Java's client offers HTTP/2).

        httptools stops after the headers, because another protocol would follow. So a second parser
        reads the body, and the connection closes after the response.
        """
        self.cycle.keep_alive = False
        framing = [b"%s: %s\r\n" % header for header in self.headers if header[0] in _FRAMING]
        stopped = sys.exc_info()[1]
        if not framing or not isinstance(stopped, httptools.HttpParserUpgrade):
            return
        self.cycle.more_body = True
        self.parser = httptools.HttpRequestParser(_BodyCallbacks(self))
        try:
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%s\r\n" % b"".join(framing))
            self.parser.feed_data(self._chunk[stopped.args[0] :])
        except httptools.HttpParserError:
            self.transport.close()

    def _headers_too_large(self) -> SamoError:
        limit = self.settings.max_header_bytes
        return HeadersTooLarge(
            f"The request line and headers have more than {limit} bytes: send less.",
            limit_bytes=limit,
        )

    def _set_timer(self) -> None:
        self._timer = self.loop.call_later(self.settings.header_seconds, self._time_out)

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        if self.head_started:
            seconds = self.settings.header_seconds
            self._refuse(RequestTimeout(f"The headers did not arrive within {seconds:g} s."))
        else:
            self.transport.close()

    def _refuse(self, error: SamoError) -> None:
        """Send the envelope and close; only close if another response is in progress."""
        is_unanswered = self.is_idle
        if self.cycle is not None and self.cycle.more_body and not self.cycle.response_started:
            self.cycle.disconnected = True  # its body is refused, so it sends nothing more
            is_unanswered = True
        if is_unanswered:
            self.transport.write(raw_response(error))
        self.transport.close()


class _BodyCallbacks:
    """Callbacks of `httptools` for a body whose head is already parsed."""

    def __init__(self, connection: Connection) -> None:
        self.on_body = connection.on_body
        self.on_message_complete = connection.on_message_complete


def connection_class(settings: Settings) -> type[Connection]:
    """`Connection` with these settings; uvicorn takes a class without arguments."""
    return type("Connection", (Connection,), {"settings": settings})


async def _answer_with(error: SamoError, scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application that answers every request with `error`."""
    await connection_response(error)(scope, receive, send)


def _too_many_connections() -> SamoError:
    return Overloaded(
        "Too many clients are connected: try again after the time in Retry-After.",
        retry_after_seconds=_RETRY_AFTER_SECONDS,
    )
