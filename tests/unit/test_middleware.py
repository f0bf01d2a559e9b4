"""The middleware in process: the deadline, bodies that stall or are too many, and whole answers."""

from __future__ import annotations

import asyncio
import json

import pytest

from samo import limits
from samo.http.middleware import RequestMiddleware
from samo.monitoring import metrics
from samo.settings import Settings

UPLOAD = "/transcribe/voice"


class Client:
    """Sends the parts of a body, then nothing more; collects the answer."""

    def __init__(self, *parts, leaves=False, path=UPLOAD, headers=()):
        self.messages: asyncio.Queue[dict] = asyncio.Queue()
        for part in parts:
            self.messages.put_nowait({"type": "http.request", "body": part, "more_body": True})
        if leaves:
            self.messages.put_nowait({"type": "http.disconnect"})
        self.scope = {"type": "http", "method": "POST", "path": path, "headers": list(headers)}
        self.status, self.headers, self.body = 0, {}, b""

    def end(self):
        self.messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")

    @property
    def code(self):
        return json.loads(self.body)["error"]["code"]


async def read_and_answer(scope, receive, send):
    """An application that reads the body and says how long it is; tolerates no odd message."""
    size, more = 0, True
    while more:
        message = await receive()
        assert message["type"] == "http.request"
        size, more = size + len(message["body"]), message["more_body"]
    await answer(send, 200, {"bytes": size})


async def answer(send, status, content):
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})


async def forever(scope, receive, send):
    await receive()
    await asyncio.Event().wait()


def serve(client, app=read_and_answer, **settings):
    subject = RequestMiddleware(app, Settings(**settings))

    async def scenario():
        await asyncio.wait_for(subject(client.scope, client.messages.get, client.send), 5)

    asyncio.run(scenario())
    assert subject._memory.used == 0
    return client


def count(status):
    return metrics.requests.labels("other", str(status))._value.get()


def test_the_deadline_is_said_in_the_envelope_and_counted():
    client = Client()
    client.end()
    before = count(504)
    serve(client, forever, deadline_seconds=0.05)
    assert (client.status, client.code) == (504, "deadline_exceeded")
    assert json.loads(client.body)["error"]["request_id"] == client.headers["x-request-id"]
    assert count(504) == before + 1


def test_the_deadline_ends_the_work():
    ended = []

    async def work(scope, receive, send):
        try:
            await forever(scope, receive, send)
        finally:
            ended.append(True)

    client = Client()
    client.end()
    serve(client, work, deadline_seconds=0.05)
    assert ended == [True]


def test_our_deadline_comes_before_those_of_bentoml_and_of_cloud_run():
    assert Settings().deadline_seconds < 300


def test_a_timeout_inside_the_application_is_not_the_deadline():
    async def fails(scope, receive, send):
        raise TimeoutError

    assert serve(Client(), fails).status == 500


def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_error_of_ours(caplog):
    before = count(499), count(500)
    client = serve(Client(b"{", leaves=True))
    assert (client.status, client.body) == (499, b"")
    assert (count(499), count(500)) == (before[0] + 1, before[1])
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_body_that_stalls_is_refused():
    client = serve(Client(b"a" * 50_000), upload_stall_seconds=0.05)
    assert (client.status, client.code) == (408, "request_timeout")
    assert client.headers["connection"] == "close"


def test_a_body_that_trickles_is_refused_after_few_bytes():
    async def scenario():
        client = Client()
        settings = Settings(upload_stall_seconds=0.1, min_upload_bytes_per_second=1000)
        subject = RequestMiddleware(read_and_answer, settings)
        sent = 0

        async def receive():
            nonlocal sent
            await asyncio.sleep(0.01)
            sent += 1
            return {"type": "http.request", "body": b"a", "more_body": True}

        await asyncio.wait_for(subject(client.scope, receive, client.send), 5)
        return client.status, sent

    status, sent = asyncio.run(scenario())
    assert status == 408
    assert sent <= 12


def test_a_body_at_the_least_rate_is_read_however_long_it_takes():
    async def scenario():
        client = Client()
        settings = Settings(upload_stall_seconds=0.1, min_upload_bytes_per_second=1000)
        left = 30

        async def receive():
            nonlocal left
            await asyncio.sleep(0.01)
            left -= 1
            return {"type": "http.request", "body": b"a" * 100, "more_body": left > 0}

        subject = RequestMiddleware(read_and_answer, settings)
        await asyncio.wait_for(subject(client.scope, receive, client.send), 5)
        return client

    assert json.loads(asyncio.run(scenario()).body) == {"bytes": 3000}


def chunks(size):
    return [b"a" * 1_000_000] * (size // 1_000_000)


def test_uploads_have_a_limit_together():
    """Two uploads stall: a third is refused, a short body is read; then there is room again."""

    async def scenario():
        limit = limits.MAX_FORM_BYTES
        subject = RequestMiddleware(
            read_and_answer, Settings(max_uploads_bytes=limit, upload_stall_seconds=5)
        )

        def ask(client):
            return asyncio.create_task(subject(client.scope, client.messages.get, client.send))

        stalled = [Client(*chunks(limit // 2)) for _ in range(2)]
        tasks = [ask(client) for client in stalled]
        while any(not client.messages.empty() for client in stalled):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        declared = Client(headers=[(b"content-length", b"20000000")])
        chunked = Client(*chunks(3_000_000))
        short = Client(b"{}", path="/predict")
        for client in (declared, chunked, short):
            client.end()
            await ask(client)
        for client in stalled:
            client.end()
        await asyncio.gather(*tasks)
        later = Client(*chunks(20_000_000))
        later.end()
        await ask(later)
        return declared, chunked, short, stalled, later

    declared, chunked, short, stalled, later = asyncio.run(scenario())
    for refused in (declared, chunked):
        assert (refused.status, refused.code) == (503, "overloaded")
        assert int(refused.headers["retry-after"]) > 0
    assert [client.status for client in (short, *stalled, later)] == [200, 200, 200, 200]


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/predict", limits.max_body_bytes("/predict")),
        (UPLOAD, limits.max_body_bytes(UPLOAD)),
    ],
)
def test_each_route_has_its_limit(path, limit):
    client = Client(b"a" * limit, path=path)
    client.end()
    assert serve(client).status == 200
    client = Client(b"a" * limit, b"a", path=path)
    client.end()
    assert (serve(client).status, client.code) == (413, "payload_too_large")


def test_a_refused_body_is_not_read_further_than_the_limit():
    read = []

    async def reads(scope, receive, send):
        while True:
            read.append(len((await receive())["body"]))

    limit = limits.max_body_bytes("/predict")
    client = Client(*[b"a" * 100_000] * 40, path="/predict")
    client.end()
    serve(client, reads)
    assert client.status == 413
    assert sum(read) <= limit


def test_a_large_body_after_an_answer_changes_nothing():
    async def early(scope, receive, send):
        await answer(send, 200, {})
        while (await receive())["more_body"]:
            pass

    client = Client(*[b"a" * 100_000] * 40, path="/predict")
    client.end()
    serve(client, early)
    assert (client.status, client.body) == (200, b"{}")


def test_a_websocket_is_refused_in_the_envelope_where_the_server_can():
    sent = []

    async def refuse(_scope, _receive, send):
        await send({"type": "websocket.close"})

    async def scenario(extensions):
        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            sent.append(message)

        scope = {"type": "websocket", "path": "/", "headers": [], "extensions": extensions}
        await RequestMiddleware(refuse, Settings())(scope, receive, send)

    asyncio.run(scenario({"websocket.http.response": {}}))
    assert sent[0]["status"] == 400
    assert b"unsupported_protocol" in sent[1]["body"]
    sent.clear()
    asyncio.run(scenario({}))
    assert sent == [{"type": "websocket.close"}]
