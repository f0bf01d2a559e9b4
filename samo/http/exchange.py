"""One HTTP request and its response: deadline, disconnection, refusals, shutdown."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Scope, Send

from runners.deadline import request_deadline
from runners.errors import (
    DeadlineExceeded,
    ModelFailure,
    Overloaded,
    RequestTimeout,
    SamoError,
)
from samo.http.envelope import (
    REQUEST_ID_HEADER,
    error_response,
    request_id,
    request_id_of,
    status_error,
)
from samo.http.exchange_state import State
from samo.http.receiving import (
    DRAIN_SECONDS,
    SHUTDOWN_DRAIN_SECONDS,
    BodyRefused,
    ClientDisconnected,
    IncomingBody,
)
from samo.http.request_context import request_context
from samo.http.response_headers import response_headers
from samo.http.websockets import no_websocket
from samo.monitoring import metrics
from samo.monitoring.request_record import RequestRecord
from samo.private_logs import describe

_log = logging.getLogger("bentoml.samo.http")  # below BentoML's logger, which has a handler


def stop_all_requests() -> None:
    """Answer every request in progress with 503, because the server shuts down."""
    for exchange in tuple(_exchanges):
        exchange.stop_for_shutdown()


class _StoppedError(Exception):
    """Raised through the application to end its work."""


class Exchange:
    """One request and its response."""

    def __init__(
        self,
        scope: Scope,
        headers: Headers,
        body: IncomingBody,
        send: Send,
        deadline_seconds: float,
    ) -> None:
        self._scope = scope
        self._headers = headers
        self._body = body
        self._send = send
        self._deadline_seconds = deadline_seconds
        self.record = RequestRecord(request_id_of(headers))
        self._state = State.WAITING
        self._refusal: SamoError | None = None
        """The response in state STOPPED; None if the client disconnected."""
        self._drain_seconds = DRAIN_SECONDS
        self._task = asyncio.current_task()
        self._disconnect_task: asyncio.Task[None] | None = None

    async def run(self, app: ASGIApp) -> None:
        """Have `app` answer the request; afterwards the record is complete."""
        _exchanges.add(self)
        try:
            with request_context(self._scope, self._headers, self.record):
                await self._answer(app)
        finally:
            _exchanges.discard(self)
            self._body.release()
            if self._disconnect_task is not None:
                self._disconnect_task.cancel()
            self.record.is_complete = self._state in (State.DONE, State.REPLACED)
            self.record.bytes_in = self._body.received_bytes

    async def _answer(self, app: ASGIApp) -> None:
        try:
            await self._respond(app)
        except asyncio.CancelledError:
            if self._state is State.CUT and self._task is not None:
                self._task.uncancel()
                return
            if self._state not in (State.WAITING, State.STOPPED) or self._task is None:
                raise
            self._task.uncancel()
            self._stop(_stopping())  # only a server cancels a request that was not stopped
            await self._finish_stopped()

    def stop_for_shutdown(self) -> None:
        """Cancel the work and answer with 503; a stream sends its own last event."""
        if self._state is State.WAITING and self._task is not None:
            self._stop(_stopping())
            self._drain_seconds = SHUTDOWN_DRAIN_SECONDS
            self._task.cancel()
        self._cut()

    def _cut(self) -> None:
        if self._state is State.RESPONDING and self._task is not None:
            self._state = State.CUT
            self._task.cancel()

    async def _respond(self, app: ASGIApp) -> None:
        try:
            self._check_head()
            await self._run_until_deadline(app)
        except _StoppedError:
            pass
        except Exception as error:  # noqa: BLE001  # every failure is logged and answered
            if self._state is not State.STOPPED:
                _log.error("request %s failed: %s", request_id.get(), describe(error))
            if self._state is State.WAITING:
                await self._send_error(_failure())
            # the server closes the connection of a response that has begun and does not end
        if self._state is State.STOPPED:
            await self._finish_stopped()

    def _check_head(self) -> None:
        if "websocket" in self._headers.get("upgrade", "").lower():
            self._stop(no_websocket())
            raise _StoppedError
        try:
            self._body.check_declared()
        except BodyRefused as refused:
            self._stop(refused.error)
            raise _StoppedError from None

    async def _run_until_deadline(self, app: ASGIApp) -> None:
        try:
            async with asyncio.timeout(self._deadline_seconds) as deadline:
                with request_deadline(self._deadline_seconds):
                    await app(self._scope, self._guarded_receive, self._guarded_send)
        except TimeoutError:
            if not deadline.expired():
                raise
            if self._state is not State.WAITING:
                _log.error("request %s was cut at its deadline", request_id.get())
                raise _StoppedError from None
            self._stop(
                DeadlineExceeded(
                    f"The request took longer than {self._deadline_seconds:g} s and was cancelled. "
                    "Try again later, or send less: a shorter recording, fewer texts.",
                    deadline_seconds=self._deadline_seconds,
                )
            )

    async def _guarded_receive(self) -> Message:
        if self._state is State.STOPPED:
            raise _StoppedError
        try:
            message = await self._body.receive()
        except BodyRefused as refused:
            self._stop(refused.error)
            raise _StoppedError from None
        except ClientDisconnected:
            self._stop(None)
            raise _StoppedError from None
        if self._body.complete and self._disconnect_task is None and self._state is State.WAITING:
            self._disconnect_task = asyncio.create_task(self._cancel_on_disconnect())
        return message

    async def _cancel_on_disconnect(self) -> None:
        """Cancel the work when the client disconnects before the end of the response."""
        if (await self._body.receive())["type"] != "http.disconnect":
            return
        if self._state is State.WAITING:
            self._stop(None)
            if self._task is not None:
                self._task.cancel()
        elif self._state is State.RESPONDING:
            self.record.status = metrics.CLIENT_CLOSED_REQUEST
            self._cut()

    def _stop(self, refusal: SamoError | None) -> None:
        if self._state is State.WAITING:
            self._state = State.STOPPED
            self._refusal = refusal

    async def _guarded_send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            await self._body.drain()
        if self._state in (State.STOPPED, State.REPLACED):
            return
        if message["type"] == "http.response.start":
            content_type = Headers(raw=message["headers"]).get("content-type", "")
            if message["status"] >= 400 and not content_type.startswith("application/json"):
                status = message["status"]
                await self._send_error(_failure() if status == 500 else status_error(status))
                self._state = State.REPLACED
                return
            self._state = State.RESPONDING
            self.record.status = message["status"]
            MutableHeaders(raw=message["headers"]).update(response_headers(self.record))
        else:
            if self._scope["method"] != "HEAD":
                self.record.bytes_out += len(message.get("body", b""))
            if not message.get("more_body", False) and self._state is State.RESPONDING:
                self._state = State.DONE
        await self._send(message)

    async def _finish_stopped(self) -> None:
        """Send the refusal, unless the client disconnected."""
        if self._refusal is None:
            self.record.status = metrics.CLIENT_CLOSED_REQUEST
            self._state = State.DONE
            # no client reads it, but BentoML's own timeout waits for a response
            response = Response(status_code=metrics.CLIENT_CLOSED_REQUEST)
            await response(self._scope, self._body.receive, self._send)
            return
        if not isinstance(self._refusal, RequestTimeout | DeadlineExceeded):
            await self._body.drain(self._drain_seconds)
        await self._send_error(self._refusal)

    async def _send_error(self, error: SamoError) -> None:
        self.record.status = error.status
        response = error_response(error)
        response.headers[REQUEST_ID_HEADER] = request_id.get() or ""
        if self._state is State.STOPPED and not self._body.complete:
            response.headers["connection"] = "close"
        self._state = State.RESPONDING
        self.record.bytes_out = len(response.body)
        await response(self._scope, self._body.receive, self._send)
        self._state = State.DONE


_exchanges: Final[set[Exchange]] = set()
"""All exchanges in progress in this process."""


def _failure() -> SamoError:
    return ModelFailure("The service failed, and the failure was logged: try again later.")


def _stopping() -> SamoError:
    return Overloaded("The service is stopping: send the request again.")
