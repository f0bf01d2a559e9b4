"""A refusal waits for the rest of the body, or a client that is still sending cannot read it."""

from __future__ import annotations

import asyncio

import pytest

from samo.http.draining import Draining

CHUNKS = 3


def parts_read_before_the_answer(status, headers):
    read, read_at_start = 0, None

    async def answers_at_once(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive():
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x" * 100, "more_body": read < CHUNKS}

    async def send(message):
        nonlocal read_at_start
        if message["type"] == "http.response.start":
            read_at_start = read

    scope = {"type": "http", "headers": headers}
    asyncio.run(Draining(answers_at_once)(scope, receive, send))
    return read_at_start


@pytest.mark.parametrize(
    "header", [(b"content-length", b"300"), (b"transfer-encoding", b"chunked")]
)
def test_a_refusal_waits_for_the_body(header):
    assert parts_read_before_the_answer(415, [header]) == CHUNKS


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, [(b"content-length", b"300")]),
        (404, []),
        (415, [(b"content-length", b"300"), (b"expect", b"100-continue")]),
    ],
    ids=["no refusal", "no body", "the client waits to be asked"],
)
def test_nothing_is_read_where_nothing_is_in_the_way(status, headers):
    assert parts_read_before_the_answer(status, headers) == 0
