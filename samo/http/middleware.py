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
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runners.errors import (
    DeadlineExceeded,
    ModelFailure,
    Overloaded,
    PayloadTooLarge,
    SamoError,
    UnsupportedProtocol,
)
from samo import metrics
from samo.http.envelope import REQUEST_ID_HEADER, error_response, request_id, status_error
from samo.http.receiving import (
    DRAIN_SECONDS,
    LAST_DRAIN_SECONDS,
    Body,
    BodyRefused,
    ClientLeft,
    UploadMemory,
)
from samo.private_logs import describe
from samo.settings import Settings

_log = logging.getLogger("bentoml.samo.http")  # below BentoML's logger, which has a handler

# nginx's status for a client that closed before it had an answer; for the log and the metrics.
CLIENT_CLOSED_REQUEST: Final = 499


def stop_all() -> None:
    """Answer every request that is in work with 503, because the server stops."""
    for exchange in tuple(_exchanges):
        exchange.stop_for_shutdown()


class RequestMiddleware:
    """Wraps everything, BentoML's own routes included.

    Gives each request an id, refuses bodies above the limits (chunked ones too) before they are
    held in memory, stops at the deadline or when the client has gone, counts and times, and turns
    every bare error into the envelope.
    """

    def __init__(self, app: ASGIApp, settings: Settings | None = None) -> None:
        self._app = app
        self._settings = settings or Settings()
        self._memory = UploadMemory(self._settings.max_uploads_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            declared = headers.get("content-length", "")
            body = Body(receive, scope["path"], declared, self._memory, self._settings)
            await _Exchange(scope, headers, body, send, self._settings.deadline_seconds).run(
                self._app
            )
        elif scope["type"] == "websocket":
            await _refuse_websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class _State(enum.Enum):
    """How far an exchange has come."""

    WAITING = enum.auto()
    """The answer has not begun."""
    STOPPED = enum.auto()
    """The application's answer is no longer wanted: the client has gone, or a limit was broken."""
    ANSWERING = enum.auto()
    """The answer has begun."""
    REPLACED = enum.auto()
    """The envelope was sent in place of the application's answer, the rest of which is dropped."""
    DONE = enum.auto()
    """The answer is complete."""


class _StoppedError(Exception):
    """Raised through the application to end its work."""


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, scope: Scope, headers: Headers, body: Body, send: Send, deadline_seconds: float
    ) -> None:
        self._scope = scope
        self._headers = headers
        self._body = body
        self._send = send
        self._deadline_seconds = deadline_seconds
        self._state = _State.WAITING
        self._status = 0
        self._refusal: SamoError | None = None
        """Answered in state STOPPED; None where the client has gone."""
        self._drain_seconds = DRAIN_SECONDS
        self._task = asyncio.current_task()
        self._watch: asyncio.Task[None] | None = None

    async def run(self, app: ASGIApp) -> None:
        own = _request_id(self._headers)
        token = request_id.set(own)
        start = time.perf_counter()
        _exchanges.add(self)
        try:
            await self._answer(app)
        except asyncio.CancelledError:
            if self._state not in (_State.WAITING, _State.STOPPED) or self._task is None:
                raise
            self._task.uncancel()
            self._stop(_stopping())  # where it is not stopped yet: only a server does that
            await self._finish_stopped()
        finally:
            _exchanges.discard(self)
            self._body.release()
            if self._watch is not None:
                self._watch.cancel()
            route = getattr(self._scope.get("route"), "path", "other")
            metrics.requests.labels(route, str(self._status)).inc()
            seconds = time.perf_counter() - start
            metrics.request_seconds.labels(route).observe(seconds)
            # the route, not the path: a path may hold anything
            _log.info("%s %d %.1f ms %s", route, self._status, seconds * 1000, own)
            request_id.reset(token)

    def stop_for_shutdown(self) -> None:
        if self._state is _State.WAITING and self._task is not None:
            self._stop(_stopping())
            self._drain_seconds = LAST_DRAIN_SECONDS
            self._task.cancel()

    async def _answer(self, app: ASGIApp) -> None:
        try:
            self._check_head()
            await self._run_until_deadline(app)
        except _StoppedError:
            pass
        except Exception as error:  # noqa: BLE001  # whatever it is, it is logged and answered
            if self._state is not _State.STOPPED:
                _log.error("request %s failed: %s", request_id.get(), describe(error))
            if self._state is _State.WAITING:
                await self._reply(_failure())
            # of an answer that has begun the server sees that it has no end, and closes
        if self._state is _State.STOPPED:
            await self._finish_stopped()

    def _check_head(self) -> None:
        if "websocket" in self._headers.get("upgrade", "").lower():
            self._stop(_no_websocket())
            raise _StoppedError
        try:
            self._body.check_declared()
        except BodyRefused as refused:
            self._stop(refused.error)
            raise _StoppedError from None

    async def _run_until_deadline(self, app: ASGIApp) -> None:
        try:
            async with asyncio.timeout(self._deadline_seconds) as deadline:
                await app(self._scope, self._guarded_receive, self._guarded_send)
        except TimeoutError:
            if not deadline.expired():
                raise
            if self._state is not _State.WAITING:
                _log.error("request %s was cut at its deadline", request_id.get())
                raise _StoppedError from None
            self._stop(
                DeadlineExceeded(
                    f"The request took longer than {self._deadline_seconds:g} s, and was stopped. "
                    "Try again later, or send less: a shorter recording, fewer texts.",
                    deadline_seconds=self._deadline_seconds,
                )
            )

    async def _guarded_receive(self) -> Message:
        if self._state is _State.STOPPED:
            raise _StoppedError
        try:
            message = await self._body.receive()
        except BodyRefused as refused:
            self._stop(refused.error)
            raise _StoppedError from None
        except ClientLeft:
            self._stop(None)
            raise _StoppedError from None
        if self._body.complete and self._watch is None and self._state is _State.WAITING:
            self._watch = asyncio.create_task(self._stop_when_left())
        return message

    async def _stop_when_left(self) -> None:
        """Cancel the work for a client that closes before it has an answer."""
        message = await self._body.receive()
        if message["type"] == "http.disconnect" and self._state is _State.WAITING:
            self._stop(None)
            if self._task is not None:
                self._task.cancel()

    def _stop(self, refusal: SamoError | None) -> None:
        if self._state is _State.WAITING:
            self._state = _State.STOPPED
            self._refusal = refusal

    async def _guarded_send(self, message: Message) -> None:
        if self._state in (_State.STOPPED, _State.REPLACED):
            return
        if message["type"] == "http.response.start":
            content_type = Headers(raw=message["headers"]).get("content-type", "")
            if message["status"] >= 400 and not content_type.startswith("application/json"):
                status = message["status"]
                await self._reply(_failure() if status == 500 else status_error(status))
                self._state = _State.REPLACED
                return
            self._state = _State.ANSWERING
            self._status = message["status"]
            MutableHeaders(raw=message["headers"])[REQUEST_ID_HEADER] = request_id.get() or ""
        elif not message.get("more_body", False):
            self._state = _State.DONE
        await self._send(message)

    async def _finish_stopped(self) -> None:
        """Answer with the refusal, where there is somebody to answer."""
        if self._refusal is None:
            self._status = CLIENT_CLOSED_REQUEST
            self._state = _State.DONE
            # nobody reads it, but BentoML's own timeout waits for an answer
            await Response(status_code=self._status)(self._scope, self._body.receive, self._send)
            return
        waits = self._headers.get("expect", "").lower() == "100-continue"
        if self._refusal.status in _DRAINED and not waits:
            await self._body.drain(self._drain_seconds)
        await self._reply(self._refusal)

    async def _reply(self, error: SamoError) -> None:
        self._status = error.status
        response = error_response(error)
        response.headers[REQUEST_ID_HEADER] = request_id.get() or ""
        if self._state is _State.STOPPED and not self._body.complete:
            response.headers["connection"] = "close"
        self._state = _State.ANSWERING
        await response(self._scope, self._body.receive, self._send)
        self._state = _State.DONE


_exchanges: Final[set[_Exchange]] = set()
"""All that are in work now, in this process."""

# Statuses at which the client may still be sending, and would not read the answer before its end.
_DRAINED: Final = (PayloadTooLarge.status, 503)


def _request_id(headers: Headers) -> str:
    given = headers.get(REQUEST_ID_HEADER, "")
    return given if re.fullmatch(r"[\w.-]{1,128}", given, re.ASCII) else uuid.uuid4().hex


def _failure() -> SamoError:
    return ModelFailure("Something went wrong on our side, and was logged: try again later.")


def _stopping() -> SamoError:
    return Overloaded("The service is stopping: send the request again.")


def _no_websocket() -> SamoError:
    return UnsupportedProtocol("There are no WebSockets here: send a plain HTTP request.")


async def _refuse_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a WebSocket's handshake, which only some servers pass on, with the envelope."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close"})
        return
    token = request_id.set(_request_id(Headers(scope=scope)))
    response = error_response(_no_websocket())
    response.headers[REQUEST_ID_HEADER] = request_id.get() or ""
    request_id.reset(token)
    await response(scope, receive, send)
