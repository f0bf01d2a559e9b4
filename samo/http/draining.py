"""Refusals that arrive: a client that is still sending its body cannot read an answer.

The server closes a connection with `Connection: close` once it has answered. Where bytes of the
body are unread then, the client gets a reset in place of the refusal.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samo.http.receiving import DRAIN_SECONDS


class Draining:
    """ASGI middleware: reads what a refused request still sends, and throws it away."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not _sends_a_body(scope):
            await self._app(scope, receive, send)
            return
        complete = False

        async def noticed() -> Message:
            nonlocal complete
            message = await receive()
            complete = not message.get("more_body", False)
            return message

        async def drain_first(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                try:
                    async with asyncio.timeout(DRAIN_SECONDS):
                        while not complete:
                            await noticed()
                except TimeoutError:
                    pass
            await send(message)

        await self._app(scope, noticed, drain_first)


def _sends_a_body(scope: Scope) -> bool:
    """Whether a body is on its way; a client that waits for "100 Continue" sends none yet."""
    headers = dict(scope["headers"])
    if headers.get(b"expect", b"").lower() == b"100-continue":
        return False
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
