"""A server on a real socket: what comes before a request is bounded, and a shutdown loses none."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
import time
from contextlib import closing, contextmanager

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from samo.http.middleware import RequestMiddleware
from samo.http.server import DrainingServer
from samo.settings import Settings

BODY = b'{"text": "a long day"}'
POST = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(BODY)
REQUEST = POST + b"\r\n" + BODY


class Service:
    """Serves three routes on a port, in a thread."""

    def __init__(self, *, grace_seconds=5.0, **settings):
        self.blocked, self.computing = threading.Event(), threading.Event()
        chosen = Settings(**settings)
        app = Starlette(
            routes=[
                Route("/echo", self.echo, methods=["POST"]),
                Route("/livez", self.echo),
                Route("/stall", self.stall),
                Route("/forever", self.forever),
            ],
            middleware=[Middleware(RequestMiddleware, settings=chosen)],
        )
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.server = DrainingServer(app, chosen, grace_seconds)
        self.thread = threading.Thread(
            target=self.server.run, kwargs={"sockets": [self.listener]}, daemon=True
        )

    async def echo(self, request):
        return JSONResponse({"bytes": len(await request.body())})

    async def stall(self, _request):
        """Block the event loop, so that nothing is accepted."""
        self.computing.set()
        self.blocked.wait(5)
        return JSONResponse({})

    async def forever(self, _request):
        self.computing.set()
        await asyncio.Event().wait()

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        return closing(connection)

    def ask(self, request, then=b""):
        with self.connect() as connection:
            connection.sendall(request)
            if then:
                time.sleep(0.05)
                connection.sendall(then)
            return read(connection)


@contextmanager
def serving(**options):
    service = Service(**options)
    service.thread.start()
    try:
        yield service
    finally:
        service.blocked.set()
        service.server.handle_exit(signal.SIGTERM, None)
        service.thread.join(10)
        assert not service.thread.is_alive()


def read(connection):
    """Return status, headers and body of a response; status 0 if the connection was closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return 0, {}, None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65536)
    return int(first.split()[1]), headers, json.loads(body)


def code(answer):
    """Code of an error's envelope, whose request id is the header's."""
    status, headers, body = answer
    assert status >= 400
    assert body["error"]["request_id"] == headers["x-request-id"]
    return body["error"]["code"]


@pytest.fixture(scope="module")
def service():
    with serving(header_seconds=0.3, max_header_bytes=8192) as served:
        yield served


def test_a_head_that_has_no_end_is_refused(service):
    head = b"GET /livez HTTP/1.1\r\nX-A: " + b"a" * 10_000
    answer = service.ask(head[:5000], then=head[5000:])
    assert (answer[0], code(answer)) == (431, "headers_too_large")


def test_a_head_that_is_complete_and_too_large_is_refused(service):
    many = b"".join(b"X-%d: a\r\n" % number for number in range(1000))
    answer = service.ask(b"GET /livez HTTP/1.1\r\n" + many + b"\r\n")
    assert (answer[0], code(answer)) == (431, "headers_too_large")


def test_trailers_that_have_no_end_are_refused(service):
    trailers = b"1\r\na\r\n0\r\nX-A: " + b"a" * 10_000
    with service.connect() as connection:
        connection.sendall(CHUNKED + b"\r\n" + trailers[:500])
        time.sleep(0.05)
        connection.sendall(trailers[500:])
        answer = read(connection)
    assert (answer[0], code(answer)) == (431, "headers_too_large")


def test_a_body_whose_chunks_are_none_gets_the_envelope(service):
    answer = service.ask(CHUNKED + b"\r\n1\r\na\r\n", then=b"no chunk\r\n")
    assert (answer[0], code(answer)) == (400, "malformed_request")


def test_an_address_that_the_parser_cannot_hold_is_too_large(service):
    answer = service.ask(b"GET /livez?" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n")
    assert (answer[0], code(answer)) == (431, "headers_too_large")


def test_a_body_in_chunks_of_a_byte_is_read(service):
    chunks = b"1;name=value\r\na\r\n" * 3000
    with service.connect() as connection:
        connection.sendall(CHUNKED + b"\r\n")
        for start in range(0, len(chunks), 4000):
            connection.sendall(chunks[start : start + 4000])
            time.sleep(0.002)
        connection.sendall(b"0\r\n\r\n")
        assert read(connection)[2] == {"bytes": 3000}


def test_large_bodies_are_not_taken_for_heads(service):
    with service.connect() as connection:
        for size in (20_000, 20_000, 500_000, 500_000):
            head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
            connection.sendall(head + bytes(size))
            assert read(connection)[2] == {"bytes": size}


def test_a_head_that_does_not_end_in_time_is_answered(service):
    answer = service.ask(b"GET /livez HTTP/1.1\r\n")
    assert (answer[0], code(answer)) == (408, "request_timeout")


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
def test_a_connection_without_a_request_is_closed(service, sent):
    assert service.ask(sent)[0] == 0


def test_a_blank_line_after_a_request_does_not_keep_a_connection_open(service):
    with service.connect() as connection:
        connection.sendall(REQUEST)
        assert read(connection)[0] == 200
        connection.sendall(b"\r\n")
        start = time.monotonic()
        assert read(connection)[0] == 0
        assert time.monotonic() - start < 4  # keep-alive is 75


def test_a_slow_answer_outlasts_the_time_for_heads():
    with serving(header_seconds=0.05) as served, served.connect() as connection:
        connection.sendall(b"GET /stall HTTP/1.1\r\nHost: x\r\n\r\n")
        served.computing.wait(5)
        time.sleep(0.1)
        served.blocked.set()
        assert read(connection)[0] == 200


@pytest.mark.parametrize("sent", [b"HELLO\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"])
def test_what_is_no_http_gets_the_envelope(service, sent):
    answer = service.ask(sent)
    assert (answer[0], code(answer)) == (400, "malformed_request")


def test_a_websocket_is_refused_by_name(service):
    answer = service.ask(
        b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert (answer[0], code(answer)) == (400, "unsupported_protocol")


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
CHUNKED = POST.replace(b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked")


@pytest.mark.parametrize(
    "parts",
    [
        (POST + OFFER + b"\r\n" + BODY, b""),
        (POST + OFFER + b"\r\n", BODY),
        (POST + OFFER + b"\r\n" + BODY[:5], BODY[5:]),
        (CHUNKED + OFFER + b"\r\n%x\r\n" % len(BODY) + BODY, b"\r\n0\r\n\r\n"),
    ],
    ids=["in one", "body later", "body divided", "chunked"],
)
def test_the_body_of_a_client_that_offers_http_2_is_read(service, parts):
    assert service.ask(*parts)[2] == {"bytes": len(BODY)}


def test_requests_on_too_many_connections_are_refused_except_of_probes():
    with serving(max_connections=2) as served, served.connect() as one, served.connect() as two:
        for connection in (one, two):
            connection.sendall(REQUEST)
            assert read(connection)[0] == 200
        refused = served.ask(REQUEST)
        assert (refused[0], code(refused)) == (503, "overloaded")
        assert int(refused[1]["retry-after"]) > 0
        assert served.ask(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 200
        one.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read(one)[0] == 200


def test_keep_alive_is_a_setting():
    assert Settings().keep_alive_seconds == 75
    with serving(keep_alive_seconds=7) as served:
        assert served.server.config.timeout_keep_alive == 7


def test_a_shutdown_answers_what_waits_in_the_backlog():
    with serving() as served:
        with served.connect() as first:
            first.sendall(b"GET /stall HTTP/1.1\r\nHost: x\r\n\r\n")
            assert served.computing.wait(5)
            waiting = [socket.create_connection(("127.0.0.1", served.port), 5) for _ in range(30)]
            for connection in waiting:
                connection.sendall(REQUEST)
            served.server.handle_exit(signal.SIGTERM, None)
            served.blocked.set()
            assert read(first)[0] == 200
        answers = [read(connection) for connection in waiting]
        for connection in waiting:
            connection.close()
    assert [status for status, _, _ in answers] == [200] * 30


def test_a_shutdown_answers_what_is_on_its_way():
    with serving() as served, served.connect() as used, served.connect() as fresh:
        used.sendall(REQUEST)
        assert read(used)[0] == 200
        served.server.handle_exit(signal.SIGTERM, None)
        for connection in (used, fresh):
            connection.sendall(REQUEST)
            assert read(connection)[0] == 200


def test_the_end_of_the_grace_is_said_in_the_envelope():
    with serving(grace_seconds=0.2) as served, served.connect() as connection:
        connection.sendall(b"GET /forever HTTP/1.1\r\nHost: x\r\n\r\n")
        assert served.computing.wait(5)
        served.server.handle_exit(signal.SIGINT, None)
        answer = read(connection)
    assert (answer[0], code(answer)) == (503, "overloaded")


def test_a_second_signal_ends_the_grace():
    with serving(grace_seconds=60) as served, served.connect() as connection:
        connection.sendall(b"GET /forever HTTP/1.1\r\nHost: x\r\n\r\n")
        assert served.computing.wait(5)
        for _ in range(2):
            served.server.handle_exit(signal.SIGTERM, None)
        answer = read(connection)
    assert (answer[0], code(answer)) == (503, "overloaded")
