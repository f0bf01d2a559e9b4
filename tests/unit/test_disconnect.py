"""Work stops when the client disconnects; a server that shuts down still answers."""

from __future__ import annotations

import asyncio

from samo.http import receiving, server
from samo.http.exchange import stop_all_requests
from samo.http.middleware import RequestMiddleware
from samo.settings import Settings

SCOPE = {"type": "http", "method": "POST", "path": "/predict", "headers": []}


class Connection:
    """A client that sends a body and disconnects when `leave` is called."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue = asyncio.Queue()
        self.messages.put_nowait({"type": "http.request", "body": b"{}", "more_body": False})
        self.sent: list = []

    async def receive(self):
        return await self.messages.get()

    async def send(self, message):
        self.sent.append(message)

    def leave(self):
        self.messages.put_nowait({"type": "http.disconnect"})


async def serve(connection, work):
    async def app(scope, receive, send):
        await receive()
        await work()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    await RequestMiddleware(app, Settings())(dict(SCOPE), connection.receive, connection.send)


def test_work_stops_when_the_client_leaves():
    async def scenario():
        connection, stopped, started = Connection(), asyncio.Event(), asyncio.Event()

        async def work():
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        request = asyncio.create_task(serve(connection, work))
        await started.wait()
        connection.leave()
        done, _ = await asyncio.wait({request}, timeout=5)
        assert done
        assert stopped.is_set()
        assert [message.get("status", 499) for message in connection.sent] == [499, 499]

    asyncio.run(scenario())


def test_a_client_that_stays_is_answered():
    async def scenario():
        connection = Connection()
        await asyncio.wait_for(serve(connection, lambda: asyncio.sleep(0)), 5)
        assert [message["type"] for message in connection.sent] == [
            "http.response.start",
            "http.response.body",
        ]

    asyncio.run(scenario())


def test_a_server_that_stops_says_so():
    async def scenario():
        connection = Connection()
        request = asyncio.create_task(serve(connection, asyncio.Event().wait))
        await asyncio.sleep(0.01)
        request.cancel()
        done, _ = await asyncio.wait({request}, timeout=5)
        assert done
        assert connection.sent[0]["status"] == 503
        assert b"overloaded" in connection.sent[1]["body"]

    asyncio.run(scenario())


def test_a_stalled_upload_is_answered_before_the_server_ends():
    async def scenario():
        connection = Connection()
        connection.messages = asyncio.Queue()
        connection.messages.put_nowait({"type": "http.request", "body": b"{", "more_body": True})
        received = asyncio.Event()

        async def app(scope, receive, send):
            await receive()
            received.set()
            await receive()

        middleware = RequestMiddleware(app, Settings())
        request = asyncio.create_task(middleware(dict(SCOPE), connection.receive, connection.send))
        await received.wait()
        stop_all_requests()
        done, _ = await asyncio.wait({request}, timeout=receiving.DRAIN_SECONDS * 0.8)
        assert done
        assert connection.sent[0]["status"] == 503
        assert (b"connection", b"close") in connection.sent[0]["headers"]

    asyncio.run(scenario())
    assert receiving.SHUTDOWN_DRAIN_SECONDS < server.REFUSAL_SECONDS
