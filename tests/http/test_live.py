"""Live sessions over a WebSocket, with fake models and a real voice activity detector."""

from __future__ import annotations

import base64
import logging
import time
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from samo.access.keys import KeyFile, new_key
from samo.audio import decode
from samo.settings import Settings
from tests.conftest import RECORDING, running

URL = "/v1/realtime?intent=transcription"
ORIGIN = "https://journal.example"
COMPLETED = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"
SAMPLE_RATE = 16_000


@contextmanager
def serving(**settings):
    with running(Settings(runners="fake", **settings)) as client:
        yield client


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


@pytest.fixture
def lines():
    """The fields of the log lines of the requests."""
    found: list[Any] = []

    class Handler(logging.Handler):
        def emit(self, record):
            found.append(vars(record)["structured"].fields())

    log, handler = logging.getLogger("bentoml.samo.requests"), Handler()
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield found
    log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


def error_of(response):
    return response.json()["error"]


def refusal(client, url=URL, **options):
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect(url, **options):
        pass
    return caught.value


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
    ("url", "status", "param"),
    [
        ("/v1/realtime", 422, "intent"),
        ("/v1/realtime?intent=conversation", 422, "intent"),
        (f"{URL}&api_key=x", 422, "api_key"),
        (f"{URL}&language=de", 422, "language"),
        (f"{URL}&modle=secret", 422, None),
        ("/predict", 400, None),
        ("/v1/realtim", 404, None),
    ],
)
def test_refused_handshakes(client, url, status, param):
    denied = refusal(client, url)
    assert denied.status_code == status
    assert "x-request-id" in denied.headers
    error = error_of(denied)
    assert error.get("param") == param
    assert "secret" not in error["message"]
    if "modle" in url:
        assert "did you mean `model`" in error["message"]


@pytest.mark.parametrize(
    "url", [f"{URL}&model=whisper-1", "//v1/v1/realtime/?intent=transcription"]
)
def test_spellings_of_real_clients(client, url):
    with client.websocket_connect(url) as socket:
        assert socket.receive_json()["type"] == "session.created"


@pytest.fixture(scope="module")
def keys():
    pairs = [new_key("live", ["live"]), new_key("speech", ["speech"])]
    pairs.append(new_key("slow", ["live"], compute_limit="1/hour"))
    return {stored.name: key for key, stored in pairs}, KeyFile(
        keys=tuple(stored for _, stored in pairs)
    ).to_json()


@pytest.fixture(scope="module")
def guarded(keys):
    with serving(api_keys=keys[1], cors_origins=[ORIGIN], allowed_hosts=["testserver"]) as client:
        yield client


def bearer(key):
    return {"authorization": f"Bearer {key}"}


def test_a_session_needs_a_key_with_the_scope(guarded, keys):
    assert refusal(guarded).status_code == 401
    assert refusal(guarded, headers=bearer("samo_wrong")).status_code == 401
    denied = refusal(guarded, headers=bearer(keys[0]["speech"]))
    assert (denied.status_code, denied.headers["www-authenticate"].count("live")) == (403, 1)
    for options in (
        {"headers": bearer(keys[0]["live"])},
        {"headers": {"x-api-key": keys[0]["live"]}},
        {"subprotocols": ["realtime", f"openai-insecure-api-key.{keys[0]['live']}"]},
    ):
        with guarded.websocket_connect(URL, **options) as socket:
            assert socket.receive_json()["type"] == "session.created"


def test_browsers_get_a_token_with_a_configuration(guarded, keys, lines):
    session = {"type": "transcription", "audio": {"input": {"transcription": {"language": "de"}}}}
    answer = guarded.post(
        "/v1/realtime/client_secrets",
        json={"session": session, "expires_after": {"anchor": "created_at", "seconds": 30}},
        headers={**bearer(keys[0]["live"]), "origin": ORIGIN},
    )
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    secret = answer.json()
    assert secret["expires_at"] - time.time() == pytest.approx(30, abs=3)
    options = {
        "subprotocols": ["realtime", f"openai-insecure-api-key.{secret['value']}"],
        "headers": {"origin": ORIGIN},
    }
    with guarded.websocket_connect(URL, **options) as socket:
        assert socket.accepted_subprotocol == "realtime"
        source = socket.receive_json()["session"]["audio"]["input"]
        assert source["transcription"]["language"] == "de"
    assert [line["key"] for line in lines] == ["live", "live"]  # the token's name is its key's
    denied = guarded.post("/v1/realtime/client_secrets", json={}, headers=bearer(secret["value"]))
    assert denied.status_code == 401  # a token does not beget tokens
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: secret["expires_at"] + 1.0)
        assert refusal(guarded, **options).status_code == 401


@pytest.mark.parametrize("seconds", ["20", 20.0, " 20 "])
def test_the_seconds_of_a_token_may_be_quoted(client, seconds):
    body = {"expires_after": {"seconds": seconds}}
    secret = client.post("/v1/realtime/client_secrets", json=body).json()
    assert secret["expires_at"] - time.time() == pytest.approx(20, abs=3)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 600}}, "expires_after.seconds"),
        ({"session": {"type": "realtime"}}, "session.type"),
        (
            {
                "session": {
                    "type": "transcription",
                    "audio": {"input": {"transcription": {"prompt": "secret"}}},
                }
            },
            "session.audio.input.transcription.prompt",
        ),
    ],
)
def test_what_a_token_cannot_do(client, body, param):
    response = client.post("/v1/realtime/client_secrets", json=body)
    assert (response.status_code, error_of(response)["param"]) == (422, param)
    assert "secret" not in response.text


def test_pages_of_other_origins_and_other_hosts_get_nothing(guarded, keys):
    key = bearer(keys[0]["live"])
    assert refusal(guarded, headers={**key, "origin": "https://evil.example"}).status_code == 403
    assert refusal(guarded, headers={**key, "host": "evil.example"}).status_code == 421
    for origin in (ORIGIN, "http://testserver"):
        with guarded.websocket_connect(URL, headers={**key, "origin": origin}) as socket:
            assert socket.receive_json()["type"] == "session.created"


def test_handshakes_count_as_requests(keys):
    with serving(api_keys=keys[1], rate_limit="2/hour") as client:
        for _ in range(2):
            with client.websocket_connect(URL, headers=bearer(keys[0]["live"])):
                pass
        denied = refusal(client, headers=bearer(keys[0]["live"]))
        assert (denied.status_code, "retry-after" in denied.headers) == (429, True)
