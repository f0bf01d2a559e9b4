"""Run the service in this process: uvicorn, with a shutdown that drops no request.

It replaces BentoML's worker (`_bentoml_impl.worker.service`), which can set neither the class of
the connections nor the order in which a shutdown closes them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import select
import signal
import socket
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final, cast

import uvicorn
from starlette.applications import Starlette
from uvicorn.server import HANDLED_SIGNALS

from samo import private_logs
from samo.http import draining, exchange
from samo.http.connections import Connection, connection_class
from samo.http.websocket_connection import WebSocketConnection
from samo.http.websockets import stop_all_websockets
from samo.limits import MAX_LIVE_MESSAGE_BYTES
from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.server")

# At shutdown an idle connection stays open this long, for a request that was already sent.
LINGER_SECONDS: Final = 0.5
# Longest time to accept the connections in the backlog; new ones may keep arriving.
BACKLOG_SECONDS: Final = 0.5
# Requests that are still computing after the grace period have this long to send their 503.
REFUSAL_SECONDS: Final = 0.5
_POLL_SECONDS: Final = 0.02
# How BentoML begins its line about an error at the start, which has the error's locations.
_BENTOML_START_ERROR: Final = "Initializing service error"
# A WebSocket whose client does not answer a ping is closed; proxies close idle ones after 60 s.
PING_SECONDS: Final = 20.0


def load(bento: str) -> Starlette:
    """The ASGI application of a service (`module:name`) or of a bento's folder."""
    from _bentoml_impl.loader import load as load_service
    from bentoml._internal.context import server_context
    from bentoml._internal.log import configure_server_logging

    configure_server_logging()
    logging.getLogger("uvicorn.error").propagate = False  # BentoML would log its lines twice
    # `run` raises the error that BentoML would log before
    logging.getLogger("bentoml.serve").addFilter(
        lambda record: not record.getMessage().startswith(_BENTOML_START_ERROR)
    )
    server_context.worker_index = 1
    service = load_service(bento, standalone_load=True)
    server_context.service_type = "entry_service"
    server_context.service_name = service.name
    server_context.service_routes = []
    stored = service.bento
    server_context.bento_name = service.name if stored is None else stored.tag.name
    server_context.bento_version = (
        "not available" if stored is None else stored.tag.version or "not available"
    )
    return cast("Starlette", service.to_asgi(is_main=True))


def run(app: Starlette, listener: socket.socket, settings: Settings, grace_seconds: float) -> None:
    """Serve `app` on `listener` until SIGTERM or SIGINT; a second signal skips the grace period."""
    DrainingServer(app, settings, grace_seconds).run(sockets=[listener])


class DrainingServer(uvicorn.Server):
    """Uvicorn's server, with a shutdown that answers the connections in the backlog.

    Uvicorn's own shutdown resets connections that are not yet accepted.
    """

    def __init__(self, app: Starlette, settings: Settings, grace_seconds: float) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=connection_class(settings),
                ws=WebSocketConnection,
                ws_max_size=MAX_LIVE_MESSAGE_BYTES,
                ws_ping_interval=PING_SECONDS,
                ws_ping_timeout=PING_SECONDS,
                ws_per_message_deflate=False,  # audio in base64 gains little for its time
                lifespan="off",  # `serve` below runs it, so that errors reach its caller
                log_config=None,
                server_header=False,
                # uvicorn would believe X-Forwarded-For from local addresses; SAMO_TRUSTED_HOPS says
                # how much of it is believed
                proxy_headers=False,
                timeout_keep_alive=settings.keep_alive_seconds,
            )
        )
        self._application = app
        self._grace_seconds = grace_seconds

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the models, serve, and release the models."""
        private_logs.install()  # again, for this event loop
        with self.capture_signals():
            async with self._application.router.lifespan_context(self._application):
                await self._serve(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals; uvicorn would raise them again afterwards and exit with their number."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread receives signals
            return
        previous = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Shut down; at the second signal without the grace period."""
        del sig, frame
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept the connections in the backlog, stop listening, answer all requests, close."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._grace_seconds
        await self._accept_backlog(sockets or [])
        draining.begin()
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in self._connections:
            connection.close_after_responses()
        linger_deadline = loop.time() + LINGER_SECONDS
        while self._connections and loop.time() < deadline and not self.force_exit:
            if loop.time() >= linger_deadline:
                self._close_idle()
            await asyncio.sleep(_POLL_SECONDS)
        if not self._connections:
            return
        _log.warning("answering %d unfinished requests with 503", len(self._connections))
        exchange.stop_all_requests()
        stop_all_websockets()
        deadline = loop.time() + REFUSAL_SECONDS
        while self._connections and loop.time() < deadline:
            self._close_idle()
            await asyncio.sleep(_POLL_SECONDS)
        for connection in self._connections:
            connection.transport.abort()

    @property
    def _connections(self) -> list[Connection | WebSocketConnection]:
        connections = list(self.server_state.connections)
        return cast("list[Connection | WebSocketConnection]", connections)

    def _close_idle(self) -> None:
        for connection in self._connections:
            if connection.is_idle and not connection.head_started:
                connection.transport.close()

    async def _accept_backlog(self, listeners: list[socket.socket]) -> None:
        """Let the event loop accept until the backlog is empty; the kernel would reset the rest."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + BACKLOG_SECONDS
        # there is no event for an empty backlog
        while loop.time() < deadline and select.select(listeners, [], [], 0)[0]:  # noqa: ASYNC110
            await asyncio.sleep(0)
