"""ASGI middleware around every request: request ids, limits, metrics, one error envelope."""

from __future__ import annotations

import asyncio
import enum
import logging
import re
import time
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samo import limits, metrics
from samo.errors import ModelFailure, PayloadTooLarge, SamoError
from samo.http import (
    MAX_BODY_BYTES,
    REQUEST_ID_HEADER,
    error_response,
    request_id,
    status_error,
)

_log = logging.getLogger("bentoml.samo.http")  # below BentoML's logger, which has a handler

# nginx's status for a client that closed before it had an answer; for the log and the metrics.
CLIENT_CLOSED_REQUEST: Final = 499
# A client that is still sending cannot read the 413, so the rest of its body is read and dropped
# for at most this long.
DRAIN_SECONDS: Final = 5.0


class RequestMiddleware:
    """Wraps everything, BentoML's own routes included.

    Gives each request an id, refuses bodies above the limit (chunked ones too) before they are
    held in memory, counts and times, turns every bare error into the envelope, and stops working
    for a client that has gone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await _Exchange(self.app, scope, receive, send).run()


class _State(enum.Enum):
    """How far an exchange has come."""

    RECEIVING = enum.auto()
    """The body is not complete."""
    COMPUTING = enum.auto()
    """The body is complete, the answer has not begun."""
    TOO_LARGE = enum.auto()
    """The body is above the limit, and its end has not been seen."""
    TOO_LARGE_AND_READ = enum.auto()
    """The body is above the limit, and its end has been seen."""
    LEFT = enum.auto()
    """The client has gone before the answer began."""
    ANSWERING = enum.auto()
    """The answer has begun: what the application sends is passed on."""
    REPLACED = enum.auto()
    """The envelope was sent in place of the application's answer, the rest of which is dropped."""


_REFUSED: Final = (_State.TOO_LARGE, _State.TOO_LARGE_AND_READ)


class _BodyTooLarge(Exception):
    """Raised through the application to stop it from reading on."""


class _Exchange:
    """One request and its answer."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._app = app
        self._scope = scope
        self._receive = receive
        self._send = send
        self._headers = Headers(scope=scope)
        self._state = _State.RECEIVING
        self._received = 0
        self._status = 0
        self._task = asyncio.current_task()
        self._watch: asyncio.Task[None] | None = None

    async def run(self) -> None:
        given = self._headers.get(REQUEST_ID_HEADER, "")
        own = given if re.fullmatch(r"[\w.-]{1,128}", given, re.ASCII) else uuid.uuid4().hex
        token = request_id.set(own)
        start = time.perf_counter()
        try:
            await self._answer()
        except asyncio.CancelledError:
            if self._status or self._task is None:
                raise
            self._task.uncancel()
            if self._state is _State.LEFT:
                self._status = CLIENT_CLOSED_REQUEST
            else:  # the server stops, and its grace is over
                await self._reply(status_error(503))
        finally:
            if self._watch is not None:
                self._watch.cancel()
            route = getattr(self._scope.get("route"), "path", "other")
            metrics.requests.labels(route, str(self._status)).inc()
            seconds = time.perf_counter() - start
            metrics.request_seconds.labels(route).observe(seconds)
            # the route, not the path: a path may hold anything
            _log.info("%s %d %.1f ms %s", route, self._status, seconds * 1000, own)
            request_id.reset(token)

    async def _answer(self) -> None:
        declared = self._headers.get("content-length", "")
        try:
            if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
                self._state = _State.TOO_LARGE
            else:
                await self._app(self._scope, self._guarded_receive, self._guarded_send)
        except _BodyTooLarge:
            pass  # answered below, as where a framework on the way caught it
        except Exception as error:
            _log.exception("request %s failed", request_id.get(), exc_info=_without_text(error))
            if self._status:
                raise
            await self._reply(ModelFailure("Something went wrong on our side; it was logged."))
        if self._state in _REFUSED:
            await self._refuse_large_body()

    async def _guarded_receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if self._received > MAX_BODY_BYTES:
                self._state = _State.TOO_LARGE_AND_READ if ended else _State.TOO_LARGE
                raise _BodyTooLarge
            if ended and self._state is _State.RECEIVING:
                self._state = _State.COMPUTING
                self._watch = asyncio.create_task(self._stop_when_left())
        return message

    async def _stop_when_left(self) -> None:
        """Cancel the work for a client that closes before it has an answer."""
        message = await self._receive()
        if (
            message["type"] == "http.disconnect"
            and self._state is _State.COMPUTING
            and self._task is not None
        ):
            self._state = _State.LEFT
            self._task.cancel()

    async def _guarded_send(self, message: Message) -> None:
        if self._state in _REFUSED:
            return
        if message["type"] == "http.response.start":
            content_type = Headers(raw=message["headers"]).get("content-type", "")
            if message["status"] >= 400 and not content_type.startswith("application/json"):
                await self._reply(status_error(message["status"]))
                self._state = _State.REPLACED
                return
            self._state = _State.ANSWERING
            self._status = message["status"]
            MutableHeaders(raw=message["headers"])[REQUEST_ID_HEADER] = request_id.get() or ""
        elif self._state is _State.REPLACED:
            return
        await self._send(message)

    async def _refuse_large_body(self) -> None:
        if self._headers.get("expect", "").lower() != "100-continue":
            await self._drain()
        await self._reply(
            PayloadTooLarge(
                f"The body is too large: a recording may have {limits.MAX_AUDIO_BYTES} bytes. "
                "Compress it, or send it in parts.",
                limit_bytes=limits.MAX_AUDIO_BYTES,
            )
        )

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._state is _State.TOO_LARGE:
                    message = await self._receive()
                    if not message.get("more_body", False):
                        self._state = _State.TOO_LARGE_AND_READ
        except TimeoutError:
            return

    async def _reply(self, error: SamoError) -> None:
        self._state = _State.ANSWERING
        self._status = error.status
        response = error_response(error)
        response.headers[REQUEST_ID_HEADER] = request_id.get() or ""
        await response(self._scope, self._receive, self._send)


def _without_text(error: Exception) -> Exception:
    """The error's type and traceback without its message, which may hold the user's words."""
    silent: Exception = type(type(error).__name__, (Exception,), {})()
    return silent.with_traceback(error.__traceback__)
