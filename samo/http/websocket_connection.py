"""uvicorn's WebSocket protocol with our envelope, and without its log, which has raw paths.

Of uvicorn's implementations this one is based on the library websockets without its own event loop
code. It bounds messages, pings idle clients and does not read ahead of the application; it unmasks
frames in C, which wsproto does in Python.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from runners.errors import MalformedRequest, SamoError
from samo.http.responses import raw_response

# uvicorn logs paths with their queries, and tracebacks
_SILENT: Final = logging.getLogger("bentoml.samo.uvicorn")
_SILENT.disabled = True


class WebSocketConnection(WebSocketsSansIOProtocol):
    """A client's connection after the request for a WebSocket."""

    is_idle = False
    """The server does not close it at shutdown; the session ends by itself (`draining`)."""
    head_started = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _SILENT
        self.conn.logger = _SILENT

    def close_after_responses(self) -> None:
        """Do nothing: `samo.http.draining` tells the session that the service stops."""

    def handle_connect(self, event: Request) -> None:
        """Answer an invalid handshake in the envelope."""
        if self.conn.accept(event).status_code == 101:
            super().handle_connect(event)
            return
        self._refuse(
            MalformedRequest(
                "The handshake is not valid: send Sec-WebSocket-Key and Sec-WebSocket-Version 13."
            )
        )

    def handle_parser_exception(self) -> None:
        """Answer a head that the library does not parse, as one with more than 128 headers."""
        if self.handshake_initiated:
            super().handle_parser_exception()
        else:
            self._refuse(MalformedRequest("The headers of the handshake are not valid."))

    def _refuse(self, error: SamoError) -> None:
        self.handshake_complete = self.close_sent = True
        self.transport.write(raw_response(error))
        self.transport.close()
