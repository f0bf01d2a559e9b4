"""Server-sent events as a response."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import orjson
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from runners.errors import DeadlineExceeded, ModelFailure, SamoError
from samo.http.envelope import error_body
from samo.monitoring import metrics
from samo.monitoring.request_record import note_error
from samo.private_logs import describe

_log = logging.getLogger("bentoml.samo.http")

KEEP_ALIVE_SECONDS: Final = 10.0
"""A comment is sent after this time without an event: proxies close idle connections."""
_KEEP_ALIVE: Final = b": keep-alive\n\n"
_HEADERS: Final = {
    "cache-control": "no-cache",
    "x-accel-buffering": "no",  # nginx would collect the events
}


class EventStream(StreamingResponse):
    """Sends each event as a `data:` line with JSON, and a comment for None.

    An error after the start of the response is an event with the error envelope, and the last one.
    The request middleware cancels the stream if the client disconnects, at the deadline, and when
    the service stops; in the last two cases the client gets an error event, too, whose message ends
    with `advice`: what to do.
    """

    def __init__(
        self,
        events: AsyncGenerator[dict[str, Any] | None, None],
        advice: str = "send it again, or send a shorter recording",
    ) -> None:
        self._advice = advice
        self._chunks = _encoded(events)
        super().__init__(self._chunks, media_type="text/event-stream", headers=_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; unlike Starlette's own method, do not read from the client."""
        del scope, receive
        async with aclosing(self._chunks):  # ends the work even if `send` was cancelled
            try:
                await self.stream_response(send)
            except asyncio.CancelledError:
                await send(
                    {"type": "http.response.body", "body": _error_event(_cancelled(self._advice))}
                )
                raise


async def _encoded(
    events: AsyncGenerator[dict[str, Any] | None, None],
) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(events):
            async for event in events:
                yield _KEEP_ALIVE if event is None else _event(event)
    except SamoError as error:
        yield _error_event(error)
    except Exception as error:  # noqa: BLE001  # the status is sent already
        _log.error("a stream failed: %s", describe(error))
        yield _error_event(ModelFailure("The service failed, and the failure was logged."))


def _event(content: dict[str, Any]) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(content)


def _error_event(error: SamoError) -> bytes:
    metrics.errors.labels(error.code).inc()
    note_error(error.code)
    return _event({"type": "error", **error_body(error)})


def _cancelled(advice: str) -> SamoError:
    return DeadlineExceeded(
        "The request was cancelled before its end, at its deadline or because the service stops: "
        f"{advice}."
    )
