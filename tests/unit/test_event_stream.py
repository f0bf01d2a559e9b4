"""Server-sent events: keep-alive, errors, and the end of a stream that is cancelled."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from openai._streaming import SSEDecoder

from runners.batching import Batcher
from runners.cancellation import Cancelled, stop_if_cancelled
from runners.errors import InvalidRequest, ModelFailure, Overloaded
from runners.fakes import FakeTranscriber
from runners.transcriber.transcript import TextDelta, TranscriptionRequest
from samo.api.event_stream import EventStream
from samo.decoders import ThreadedDecoder
from samo.http.exchange import stop_all_requests
from samo.http.middleware import RequestMiddleware
from samo.insight.results import TranscribedRecording
from samo.insight.transcription import RecordingTranscriber
from samo.settings import Settings
from tests.conftest import RECORDING

SCOPE = {"type": "http", "method": "POST", "path": "/v1/audio/transcriptions", "headers": []}


class Client:
    """Receives a response, and may disconnect."""

    def __init__(self):
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        self.sent: list[Any] = []
        self.started = asyncio.Event()

    async def receive(self):
        return await self.messages.get()

    async def send(self, message):
        self.sent.append(message)
        if message.get("body"):
            self.started.set()

    def disconnect(self):
        self.messages.put_nowait({"type": "http.disconnect"})

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def events(self):
        decoded = SSEDecoder().iter_bytes(iter([self.body]))
        return [json.loads(event.data) for event in decoded]


async def respond(client, events, *advice, **values):
    async def app(scope, receive, send):
        await receive()
        await EventStream(events, *advice)(scope, receive, send)

    middleware = RequestMiddleware(app, Settings(runners="fake", **values))
    await middleware(dict(SCOPE), client.receive, client.send)


async def words(*items, forever=False, closed=None):
    try:
        for item in items:
            if isinstance(item, Exception):
                raise item
            yield item
        if forever:
            await asyncio.Event().wait()
    finally:
        if closed is not None:
            closed.set()


def test_events_and_comments():
    async def scenario():
        client = Client()
        await respond(client, words({"type": "a"}, None, {"type": "b"}))
        return client

    client = asyncio.run(scenario())
    assert client.body == b'data: {"type":"a"}\n\n: keep-alive\n\ndata: {"type":"b"}\n\n'
    assert [event["type"] for event in client.events] == ["a", "b"]
    assert client.sent[-1].get("more_body", False) is False


@pytest.mark.parametrize(
    ("error", "code"),
    [(ModelFailure("It failed."), "model_failure"), (ValueError("user text"), "model_failure")],
)
def test_an_error_is_the_last_event(error, code):
    async def scenario():
        client = Client()
        await respond(client, words({"type": "a"}, error))
        return client

    client = asyncio.run(scenario())
    *_, last = client.events
    assert (last["type"], last["error"]["code"]) == ("error", code)
    assert "user text" not in str(last)


def test_the_work_stops_when_the_client_disconnects():
    async def scenario():
        client, closed = Client(), asyncio.Event()
        task = asyncio.create_task(
            respond(client, words({"type": "a"}, forever=True, closed=closed))
        )
        await client.started.wait()
        client.disconnect()
        await asyncio.wait_for(task, 5)
        assert closed.is_set()

    asyncio.run(scenario())


@pytest.mark.parametrize("reason", ["deadline", "shutdown"])
def test_a_stream_that_is_cancelled_says_so(reason):
    async def scenario():
        client, closed = Client(), asyncio.Event()
        seconds = 0.2 if reason == "deadline" else 100
        events = words({"type": "a"}, forever=True, closed=closed)
        task = asyncio.create_task(
            respond(client, events, "open it again", deadline_seconds=seconds)
        )
        await client.started.wait()
        if reason == "shutdown":
            stop_all_requests()
        await asyncio.wait_for(task, 5)
        assert closed.is_set()
        return client

    client = asyncio.run(scenario())
    assert [event["type"] for event in client.events] == ["a", "error"]
    assert client.events[-1]["error"]["code"] == "deadline_exceeded"
    assert client.events[-1]["error"]["message"].endswith(": open it again.")
    assert client.sent[-1].get("more_body", False) is False


def batcher(runner, **options):
    return Batcher("transcriber", runner, max_batch_cost=1, max_wait_seconds=60, **options)


def request(**options):
    return lambda samples: TranscriptionRequest(samples, **options)


async def collect(runner, idle_seconds=5.0, **options):
    recordings = RecordingTranscriber(batcher(runner), ThreadedDecoder(1))
    stream = await recordings.stream(RECORDING.read_bytes(), request(**options), idle_seconds)
    return [item async for item in stream]


def test_the_parts_of_a_stream_are_the_text():
    *deltas, last = asyncio.run(collect(FakeTranscriber()))
    assert all(isinstance(delta, TextDelta) for delta in deltas)
    assert isinstance(last, TranscribedRecording)
    assert "".join(delta.text for delta in deltas) == last.transcript.text
    assert last.audio_quality == "good"


def test_a_failure_of_the_model_ends_the_stream():
    async def scenario():
        received = []
        recordings = RecordingTranscriber(batcher(FakeTranscriber()), ThreadedDecoder(1))
        stream = await recordings.stream(RECORDING.read_bytes(), request(prompt="crash"), 5.0)
        with pytest.raises(ModelFailure):
            received.extend([item async for item in stream])

    asyncio.run(scenario())


def test_what_is_refused_is_refused_before_the_stream():
    class Refusing(FakeTranscriber):
        def prepare(self, item):
            raise InvalidRequest("language: unknown.", field="language")

    with pytest.raises(InvalidRequest):
        asyncio.run(collect(Refusing()))

    async def overloaded():
        busy = batcher(FakeTranscriber(), seconds_per_cost=100.0)
        busy.check_admission = lambda cost=0: (_ for _ in ()).throw(Overloaded("Busy."))
        await RecordingTranscriber(busy, ThreadedDecoder(1)).stream(b"", request(), 5.0)

    with pytest.raises(Overloaded):
        asyncio.run(overloaded())


def test_an_idle_stream_yields_none():
    go_on = threading.Event()

    class Waiting(FakeTranscriber):
        def predict(self, batch):
            go_on.wait(5)
            return super().predict(batch)

    async def scenario():
        recordings = RecordingTranscriber(batcher(Waiting()), ThreadedDecoder(1))
        stream = await recordings.stream(RECORDING.read_bytes(), request(), 0.02)
        items = []
        async for item in stream:
            items.append(item)
            if len(items) == 3:
                go_on.set()
        return items

    items = asyncio.run(scenario())
    assert items[:3] == [None, None, None]
    assert isinstance(items[-1], TranscribedRecording)


def test_closing_a_stream_cancels_the_transcription():
    started, cancelled = threading.Event(), threading.Event()

    class Endless(FakeTranscriber):
        def predict(self, batch):
            for item in batch:
                item.on_text(TextDelta("a", ()))
            started.set()
            try:
                while True:
                    stop_if_cancelled()
                    threading.Event().wait(0.01)
            except Cancelled:
                cancelled.set()
                raise

    async def scenario():
        recordings = RecordingTranscriber(batcher(Endless()), ThreadedDecoder(1))
        stream = await recordings.stream(RECORDING.read_bytes(), request(), 5.0)
        assert await anext(stream) == TextDelta("a", ())
        await stream.aclose()
        assert await asyncio.to_thread(cancelled.wait, 5)

    asyncio.run(scenario())
