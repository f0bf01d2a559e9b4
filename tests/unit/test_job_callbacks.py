"""Callbacks: what is refused, what is sent, and to which address."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from openai import OpenAI

from runners.errors import InvalidRequest
from samo.jobs import callback
from samo.jobs.job import Job

SECRET = "whsec_c2VjcmV0LW9mLXRoZS10ZXN0cw=="  # of this test
JOB = Job("job_1", "insight", 1.0, "done", "finished", started=1.0, finished=2.0)


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/done",
        "ftp://app.example/",
        "//app.example/",
        "/done",
        "https://",
        "https://user:pass@app.example/",
        "https://app.example/#part",
        "https://app.example:0/",
        "https://app.example:99999/",
        "https://app.example/\r\nhost: x",
        "https://app.example/a b",
        "https://äpp.example/",
        "https://[::1",
        "https://app.example/" + "x" * 2000,
    ],
)
def test_a_url_of_another_form_is_refused(url):
    with pytest.raises(InvalidRequest, match="callback_url"):
        callback.parse_callback(url, [])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::",
        "64:ff9b::a00:1", "2001:0:53aa:64c:0:0:80ff:fffe",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public(address):
    assert not callback.is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::808:808"])
def test_a_public_address(address):
    assert callback.is_public(address)


def resolving(monkeypatch, *addresses):
    def resolve(host, port, **options):
        del host, options
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_other_spellings_of_this_machine_are_refused(host):
    target = callback.parse_callback(f"https://{host}/", [])
    with pytest.raises(InvalidRequest, match="callback_url"):
        asyncio.run(callback.check_address(target))


def test_a_host_with_a_public_and_a_private_address_is_refused(monkeypatch):
    resolving(monkeypatch, "93.184.215.14", "10.0.0.1")
    target = callback.parse_callback("https://app.example/", [])
    with pytest.raises(InvalidRequest, match="not public"):
        asyncio.run(callback.check_address(target))


def test_a_host_that_becomes_private_later_is_not_called(monkeypatch):
    resolving(monkeypatch, "93.184.215.14")
    target = callback.parse_callback("https://app.example/", [])
    asyncio.run(callback.check_address(target))
    resolving(monkeypatch, "127.0.0.1")
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("it was called"))
    assert not asyncio.run(callback.deliver(target, "job_1", b"{}", SECRET))


class Receiver:
    """A server that answers with the statuses in turn, and keeps what it got."""

    def __init__(self, *statuses):
        receiver = self
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.requests.append((self.path, dict(self.headers), body))
                status = statuses[min(len(receiver.requests), len(statuses)) - 1]
                self.send_response(status)
                if status == 302:
                    self.send_header("location", f"http://127.0.0.1:{receiver.port}/stolen")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def delivered(monkeypatch, *statuses, waits=(0.0, 0.0)):
    monkeypatch.setattr(callback, "RETRY_SECONDS", waits)
    receiver = Receiver(*statuses)
    try:
        url = f"http://localhost:{receiver.port}/done?for=me"
        target = callback.parse_callback(url, ["localhost"])
        body = callback.message(JOB)
        return asyncio.run(callback.deliver(target, JOB.id, body, SECRET)), receiver.requests
    finally:
        receiver.close()


def test_a_message_that_openais_client_verifies(monkeypatch):
    arrived, requests = delivered(monkeypatch, 204)
    assert arrived
    ((path, headers, body),) = requests
    assert path == "/done?for=me"
    assert headers["Host"].startswith("localhost:")
    client = OpenAI(api_key="none", webhook_secret=SECRET)
    client.webhooks.verify_signature(body, headers)
    with pytest.raises(ValueError, match="signature"):
        client.webhooks.verify_signature(body + b" ", headers)
    message = json.loads(body)
    assert message["type"] == "job.done"
    assert message["data"] == {"id": "job_1", "kind": "insight", "state": "done", "error": None}


def test_it_is_sent_again_until_it_arrives(monkeypatch):
    arrived, requests = delivered(monkeypatch, 500, 503, 200)
    assert arrived
    assert len(requests) == 3
    assert len({headers["webhook-id"] for _, headers, _ in requests}) == 1


def test_a_redirect_is_not_followed(monkeypatch):
    arrived, requests = delivered(monkeypatch, 302)
    assert not arrived
    assert {path for path, _, _ in requests} == {"/done?for=me"}
    assert len(requests) == 3
