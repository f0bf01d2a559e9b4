"""Runs the service in this process: uvicorn, with a shutdown that loses no request.

It does what BentoML's own worker (`_bentoml_impl.worker.service`) does, and sets what that one
cannot: the class of the connections, and the order in which a shutdown closes things.
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
from samo.http import middleware
from samo.http.connections import Connection, connection_class
from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.server")

# At the end: an idle connection is kept open this long for a request that is on its way.
LINGER_SECONDS: Final = 0.5
# Time to accept the connections that wait in the backlog; more may come all the time.
BACKLOG_SECONDS: Final = 0.5
# What is still computing when the grace is over has this long to send its 503.
REFUSAL_SECONDS: Final = 0.5
_POLL_SECONDS: Final = 0.02


def load(bento: str) -> Starlette:
    """The ASGI application of a service (`module:name`) or of a bento's folder."""
    from _bentoml_impl.loader import load as load_service
    from bentoml._internal.context import server_context
    from bentoml._internal.log import configure_server_logging

    configure_server_logging()
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
    """Serve `app` on `listener` until SIGTERM or SIGINT; a second signal ends the grace."""
    Server(app, settings, grace_seconds).run(sockets=[listener])


class Server(uvicorn.Server):
    """Uvicorn's server, whose shutdown would reset connections that wait to be accepted."""

    def __init__(self, app: Starlette, settings: Settings, grace_seconds: float) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=connection_class(settings),
                ws="none",
                lifespan="off",  # `serve` below runs it, so that its errors arrive there
                log_config=None,
                server_header=False,
                timeout_keep_alive=settings.keep_alive_seconds,
            )
        )
        self._application = app
        self._grace_seconds = grace_seconds

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the models, serve, and let go of them."""
        private_logs.install()  # for the loop too
        with self.capture_signals():
            async with self._application.router.lifespan_context(self._application):
                await self._serve(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals; uvicorn would raise them again at the end, and exit with their number."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread gets signals
            return
        previous = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; at the second signal, at once."""
        del sig, frame
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept what waits in the backlog, stop accepting, answer everything, close."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._grace_seconds
        await self._accept_backlog(sockets or [])
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in self._connections:
            connection.finish()
        lingering = loop.time() + LINGER_SECONDS
        while self._connections and loop.time() < end and not self.force_exit:
            if loop.time() >= lingering:
                self._close_idle()
            await asyncio.sleep(_POLL_SECONDS)
        if not self._connections:
            return
        _log.warning("%d requests are not done: answering them with 503", len(self._connections))
        middleware.stop_all()
        end = loop.time() + REFUSAL_SECONDS
        while self._connections and loop.time() < end:
            self._close_idle()
            await asyncio.sleep(_POLL_SECONDS)
        for connection in self._connections:
            connection.transport.abort()

    @property
    def _connections(self) -> list[Connection]:
        return cast("list[Connection]", list(self.server_state.connections))

    def _close_idle(self) -> None:
        for connection in self._connections:
            if connection.is_idle and not connection.has_begun:
                connection.transport.close()

    async def _accept_backlog(self, listeners: list[socket.socket]) -> None:
        """Let the event loop accept until nobody waits: the kernel resets those who do."""
        loop = asyncio.get_running_loop()
        end = loop.time() + BACKLOG_SECONDS
        # no event says that a backlog is empty
        while loop.time() < end and select.select(listeners, [], [], 0)[0]:  # noqa: ASYNC110
            await asyncio.sleep(0)
