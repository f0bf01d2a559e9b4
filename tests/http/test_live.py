"""Live sessions over a WebSocket, with fake models and a real voice activity detector."""

from __future__ import annotations

import base64
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from starlette.websockets import WebSocketDisconnect

from samo.audio import decode
from tests.conftest import RECORDING
from tests.http.live import URL, error_of, serving

COMPLETED = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"
SAMPLE_RATE = 16_000


@pytest.fixture(scope="module")
def speech():
    """11 s of speech in four phrases, as 16-bit samples in base64, 100 ms each."""
    samples = (decode(RECORDING.read_bytes()).samples * 32_767).astype("<i2")
    samples = np.concatenate([samples, np.zeros(SAMPLE_RATE, np.int16)])
    step = SAMPLE_RATE // 10
    return [
        base64.b64encode(samples[start : start + step].tobytes()).decode()
        for start in range(0, len(samples), step)
    ]


def update(socket, **source):
    source = {"format": {"type": "audio/pcm", "rate": SAMPLE_RATE}, **source}
    session = {"type": "transcription", "audio": {"input": source}}
    socket.send_json({"type": "session.update", "session": session})
    event = receive_until(socket, "session.updated")[-1]
    return event["session"]


def append(socket, audio):
    socket.send_json({"type": "input_audio_buffer.append", "audio": audio})


def receive_until(socket, kind):
    """The events up to the first of a type."""
    events: list[Any] = []
    while not events or events[-1]["type"] != kind:
        events.append(socket.receive_json())
    return events


def closed_with(socket):
    """Receive until the connection is closed; the code."""
    while True:
        try:
            socket.receive_json()
        except WebSocketDisconnect as closed:
            return closed.code


def test_a_session_from_the_first_event_to_the_insight(client, speech):
    with client.websocket_connect(URL) as socket:
        assert socket.receive_json()["type"] == "session.created"
        update(socket, transcription={"language": "en"})
        for audio in speech:
            append(socket, audio)
        socket.send_json({"type": "session.close"})
        events = receive_until(socket, "session.closed")
        assert closed_with(socket) == 1000
    assert len({event["event_id"] for event in events}) == len(events)
    items = [e for e in events if e["type"] == "input_audio_buffer.committed"]
    assert len(items) >= 3
    assert all(a["item_id"] == b["previous_item_id"] for a, b in pairwise(items))
    for item in items:
        mine = [event for event in events if event.get("item_id") == item["item_id"]]
        kinds = [event["type"].rpartition(".")[2] for event in mine]
        assert [kind for kind in kinds if kind != "delta"] == [
            "speech_started", "speech_stopped", "committed", "completed", "emotions",
        ]  # fmt: skip
        text = "".join(event["delta"] for event in mine if event["type"] == DELTA)
        completed, emotions = mine[-2:]
        assert text == completed["transcript"]
        assert emotions["emotion_analysis"]["primary_emotion"] == "joy"
        assert emotions["start_seconds"] <= emotions["arc"][0]["start_seconds"]
        assert emotions["arc"][-1]["end_seconds"] <= emotions["end_seconds"]
    insight = events[-2]["insight"]
    whole = " ".join(event["transcript"] for event in events if event["type"] == COMPLETED)
    assert insight["transcription"]["text"] == whole
    times = [point["start_seconds"] for point in insight["arc"]]
    assert times == sorted(times)
    assert insight["summary"]["summary"]


def test_turns_that_the_client_commits(client, speech):
    with client.websocket_connect(URL) as socket:
        update(socket, turn_detection=None)
        for audio in speech[:30]:
            append(socket, audio)
        socket.send_json({"type": "input_audio_buffer.commit"})
        kinds = [event["type"] for event in receive_until(socket, "samo.emotions")]
    assert kinds == [
        "input_audio_buffer.committed",
        "conversation.item.created",
        DELTA,
        COMPLETED,
        "samo.emotions",
    ]


def test_logprobs_and_candidate_languages(client, speech):
    with client.websocket_connect(URL) as socket:
        session = {"type": "transcription", "include": ["item.input_audio_transcription.logprobs"]}
        socket.send_json({"type": "session.update", "session": session})
        update(socket, turn_detection=None, transcription={"languages": ["en", "German"]})
        append(socket, "".join(speech[:1]))
        socket.send_json({"type": "input_audio_buffer.commit"})
        completed = receive_until(socket, COMPLETED)[-1]
    if completed["transcript"]:
        assert completed["logprobs"][0].keys() == {"token", "bytes", "logprob"}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("no json", "invalid_event"),
        ('"a string"', "invalid_event"),
        ('{"type": "response.create", "event_id": "mine"}', "unknown_event"),
        ('{"type": "input_audio_buffer.append", "audio": "%%"}', "invalid_value"),
        ('{"type": "input_audio_buffer.commit"}', "input_audio_buffer_commit_empty"),
        ('{"type": "session.update", "session": {"type": "realtime"}}', "invalid_value"),
        (b"\x00\xff", "invalid_event"),
    ],
)
def test_a_malformed_message_gets_an_error_and_the_session_goes_on(client, message, code):
    with client.websocket_connect(URL) as socket:
        socket.receive_json()
        if isinstance(message, bytes):
            socket.send_bytes(message)
        else:
            socket.send_text(message)
        error = socket.receive_json()
        assert (error["type"], error["error"]["code"]) == ("error", code)
        if "mine" in str(message):
            assert error["error"]["event_id"] == "mine"
        socket.send_json({"type": "input_audio_buffer.clear"})
        assert socket.receive_json()["type"] == "input_audio_buffer.cleared"


def test_the_next_session_is_told_at_once_and_a_dropped_one_makes_room(lines):
    with serving(max_live_sessions=1) as client:
        with client.websocket_connect(URL) as first:
            first.receive_json()
            assert "samo_live_sessions 1.0" in client.get("/metrics").text
            with client.websocket_connect(URL) as second:
                assert second.receive_json()["error"]["code"] == "too_many_sessions"
                assert closed_with(second) == 1013
            line = next(line for line in lines if line["route"] == "/v1/realtime")
            assert (line["outcome"], line["code"]) == ("refused", "too_many_sessions")
            assert 'samo_errors_total{code="too_many_sessions"}' in client.get("/metrics").text
        deadline = time.monotonic() + 5
        while "samo_live_sessions 0.0" not in client.get("/metrics").text:
            assert time.monotonic() < deadline
        with client.websocket_connect(URL) as third:
            assert third.receive_json()["type"] == "session.created"


def test_a_dropped_connection_frees_the_transcriber(speech):
    with serving() as client:
        with client.websocket_connect(URL) as socket:
            update(socket)
            for audio in speech[:35]:
                append(socket, audio)
        deadline = time.monotonic() + 5
        while "samo_live_sessions 0.0" not in client.get("/metrics").text:
            assert time.monotonic() < deadline
        assert 'samo_queue_length{model="live"} 0.0' in client.get("/metrics").text


def test_switched_off():
    with serving(max_live_sessions=0) as client, client.websocket_connect(URL) as socket:
        assert socket.receive_json()["error"]["code"] == "too_many_sessions"
        assert closed_with(socket) == 1013


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"live_idle_seconds": 0.2}, "session_idle"), ({"max_live_seconds": 0.2}, "session_expired")],
)
def test_a_session_ends_when_it_is_idle_or_old(settings, code):
    with serving(**settings) as client, client.websocket_connect(URL) as socket:
        assert socket.receive_json()["type"] == "session.created"
        assert socket.receive_json()["error"]["code"] == code
        assert socket.receive_json()["type"] == "session.closed"
        assert closed_with(socket) == 1000


def test_plain_requests(client):
    response = client.get("/v1/realtime")
    assert (response.status_code, error_of(response)["code"]) == (426, "upgrade_required")
    assert client.post("/v1/realtime").status_code == 405


@pytest.mark.parametrize(
    "url", [f"{URL}&model=whisper-1", "//v1/v1/realtime/?intent=transcription"]
)
def test_spellings_of_real_clients(client, url):
    with client.websocket_connect(url) as socket:
        assert socket.receive_json()["type"] == "session.created"
