"""An error is sent after the body is drained: a client that is still sending cannot read it."""

from __future__ import annotations

import asyncio

import pytest

from samo.http.middleware import RequestMiddleware
from samo.settings import Settings

CHUNKS = 3


def parts_read_before_the_answer(status, headers):
    read, read_at_start = 0, None

    async def answers_at_once(scope, receive, send):
        json = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": json})
        await send({"type": "http.response.body", "body": b""})

    async def receive():
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * 100, "more_body": read < CHUNKS}

    async def send(message):
        nonlocal read_at_start
        if message["type"] == "http.response.start":
            read_at_start = read

    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
    asyncio.run(RequestMiddleware(answers_at_once, Settings())(scope, receive, send))
    return read_at_start


@pytest.mark.parametrize(
    "header", [(b"content-length", b"300"), (b"transfer-encoding", b"chunked")]
)
def test_an_error_is_sent_after_the_body(header):
    assert parts_read_before_the_answer(415, [header]) == CHUNKS


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, [(b"content-length", b"300")]),
        (404, []),
        (415, [(b"content-length", b"300"), (b"expect", b"100-continue")]),
    ],
    ids=["no error", "no body", "the client waits for 100 Continue"],
)
def test_no_body_is_drained_if_the_client_can_read_the_response(status, headers):
    assert parts_read_before_the_answer(status, headers) == 0
