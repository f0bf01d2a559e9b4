"""Limits on a connection before there is a request: uvicorn's HTTP protocol has none.

httptools collects headers of any length, and a client may take as long as it likes to send them.
The middleware cannot help, since it sees a request only once its headers are complete. So this
class bounds their size and time and the number of connections, and what uvicorn would answer in
plain text comes in the envelope.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from functools import partial
from typing import Any, ClassVar, Final

import httptools
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from runners.errors import HeadersTooLarge, MalformedRequest, Overloaded, RequestTimeout, SamoError
from samo import metrics
from samo.http.envelope import REQUEST_ID_HEADER, error_response, request_id
from samo.settings import Settings

# Answered however many connections there are: an orchestrator restarts what does not answer.
PROBES: Final = frozenset({"/healthz", "/livez", "/metrics", "/readyz"})
# Beyond this many times the limit a connection is closed before its request is read.
_HARD_LIMIT: Final = 2
_RETRY_AFTER_SECONDS: Final = 5
# What a header takes beside name and value: a colon, a space, the line's end.
_HEADER_OVERHEAD: Final = 4
# Bytes on the wire for a byte of a body: a chunk of one byte takes six, and some extensions.
_CHUNK_OVERHEAD: Final = 20
# Headers that say where a body ends.
_FRAMING: Final = (b"content-length", b"transfer-encoding")


class Connection(HttpToolsProtocol):
    """One client's connection; `connection_class` gives it its settings."""

    settings: ClassVar[Settings]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._unparsed = 0  # bytes that are neither a complete head nor a body
        self._begun = False
        self._finishing = False
        self._chunk = b""
        self._timer: asyncio.TimerHandle | None = None
        self._set_timer()
        if len(self.connections) > _HARD_LIMIT * self.settings.max_connections:
            self._refuse(_too_many())

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unset_timer()
        super().connection_lost(exc)

    @property
    def is_idle(self) -> bool:
        """Whether no request is in work."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def has_begun(self) -> bool:
        """Whether a part of a request's head has arrived."""
        return self._begun

    def finish(self) -> None:
        """Close after the requests that have arrived, and not before they are answered."""
        self._finishing = True
        if not self.is_idle:
            newest = self.pipeline[0][0] if self.pipeline else self.cycle
            newest.keep_alive = False

    def data_received(self, data: bytes) -> None:
        """Parse `data`; refuse a head, or trailers, that are too large before their end."""
        if self.transport.is_closing():
            return
        self._chunk = data
        self._unparsed += len(data)
        super().data_received(data)
        self._chunk = b""
        if self.transport.is_closing():
            return
        if self._unparsed > self.settings.max_header_bytes:
            self._refuse(self._headers_too_large())
        if not self.is_idle:
            self._unset_timer()
        elif self._timer is None:
            self._set_timer()

    def on_message_begin(self) -> None:
        """Note that a request has begun."""
        self._begun = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the request."""
        self._begun = False
        super().on_headers_complete()
        self._unparsed = 0  # last: what httptools cannot read raises before, and is still counted
        if self._finishing:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body; it excuses the framing of chunks, not endless trailers."""
        self._unparsed = max(0, self._unparsed - _CHUNK_OVERHEAD * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the next request's head."""
        self._unparsed = 0
        super().on_message_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        scope = cycle.scope
        size = len(self.url) + sum(
            len(name) + len(value) + _HEADER_OVERHEAD for name, value in scope["headers"]
        )
        if size > self.settings.max_header_bytes:
            app = partial(_answer_with, self._headers_too_large())
        elif len(self.connections) > self.settings.max_connections and scope["path"] not in PROBES:
            app = partial(_answer_with, _too_many())
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, and an address of which httptools reads no more than 64 kB."""
        del msg
        if self._unparsed > self.settings.max_header_bytes:
            self._refuse(self._headers_too_large())
            return
        self._refuse(
            MalformedRequest("The request is no valid HTTP/1.1: send it by an HTTP client.")
        )

    def _unsupported_upgrade_warning(self) -> None:
        """Read on without the upgrade that a client offers (Java's offers HTTP/2).

        httptools stops at the headers, and takes what follows for another protocol. The body is
        read by a parser of its own; the connection closes after the answer.
        """
        self.cycle.keep_alive = False
        framing = [b"%s: %s\r\n" % header for header in self.headers if header[0] in _FRAMING]
        stopped = sys.exc_info()[1]
        if not framing or not isinstance(stopped, httptools.HttpParserUpgrade):
            return
        self.cycle.more_body = True
        self.parser = httptools.HttpRequestParser(_BodyOnly(self))
        try:
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%s\r\n" % b"".join(framing))
            self.parser.feed_data(self._chunk[stopped.args[0] :])
        except httptools.HttpParserError:
            self.transport.close()

    def _headers_too_large(self) -> SamoError:
        limit = self.settings.max_header_bytes
        return HeadersTooLarge(
            f"The request line and headers are larger than {limit} bytes: send less of them.",
            limit_bytes=limit,
        )

    def _set_timer(self) -> None:
        self._timer = self.loop.call_later(self.settings.header_seconds, self._time_out)

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        if self.has_begun:
            seconds = self.settings.header_seconds
            self._refuse(RequestTimeout(f"The headers did not arrive within {seconds:g} s."))
        else:
            self.transport.close()

    def _refuse(self, error: SamoError) -> None:
        """Answer with the envelope and close; only close where another answer is under way."""
        is_unanswered = self.is_idle
        if self.cycle is not None and self.cycle.more_body and not self.cycle.response_started:
            self.cycle.disconnected = True  # its body is what is refused: it answers no more
            is_unanswered = True
        if is_unanswered:
            response = _response(error)
            lines = [STATUS_LINE[error.status]]
            lines += [b"%s: %s\r\n" % header for header in response.raw_headers]
            self.transport.write(b"".join([*lines, b"\r\n", response.body]))
        self.transport.close()


class _BodyOnly:
    """What `httptools` calls for a body whose head was parsed before."""

    def __init__(self, connection: Connection) -> None:
        self.on_body = connection.on_body
        self.on_message_complete = connection.on_message_complete


def connection_class(settings: Settings) -> type[Connection]:
    """`Connection` with these settings, in the form that uvicorn takes a protocol."""
    return type("Connection", (Connection,), {"settings": settings})


async def _answer_with(error: SamoError, scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application that only refuses."""
    await _response(error)(scope, receive, send)


def _response(error: SamoError) -> Any:
    own = uuid.uuid4().hex
    token = request_id.set(own)
    response = error_response(error)
    request_id.reset(token)
    response.headers[REQUEST_ID_HEADER] = own
    response.headers["connection"] = "close"
    metrics.requests.labels("other", str(error.status)).inc()
    return response


def _too_many() -> SamoError:
    return Overloaded(
        "Too many clients are connected: try again after the time in Retry-After.",
        retry_after_seconds=_RETRY_AFTER_SECONDS,
    )
