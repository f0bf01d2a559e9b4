"""OpenAI's client in live sessions of `samo serve`, with real speech and the real models."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import signal
import time

import numpy as np
import openai
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from samo.audio import decode
from tests.conftest import RECORDING
from tests.e2e.conftest import serving

COMPLETED = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"
RATE = 24_000


@pytest.fixture(scope="module")
def speech():
    """The recording and a second of silence, as PCM at 24 kHz in pieces of 100 ms, in base64."""
    import av

    samples = decode(RECORDING.read_bytes()).samples
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate = 16_000
    parts = [part.to_ndarray().ravel() for part in resampler.resample(frame)]
    pcm = np.concatenate([*parts, np.zeros(RATE, np.int16)])
    step = RATE // 10
    return [
        base64.b64encode(pcm[start : start + step].tobytes()).decode()
        for start in range(0, len(pcm), step)
    ]


def connect_to(client):
    """A live session by OpenAI's client, sync or async."""
    return client.realtime.connect(extra_query={"intent": "transcription"})


def plain(text):
    return re.sub(r"[^a-z ]", "", text.lower())


def session(language="en"):
    transcription = {"model": "whisper-1", "language": language}
    return {"type": "transcription", "audio": {"input": {"transcription": transcription}}}


def text_of(events, kind, field):
    return [getattr(event, field) for event in events if event.type == kind]


@pytest.mark.models
def test_the_async_client_hears_the_text_while_it_is_spoken(server, speech):
    async def scenario():
        async with (
            openai.AsyncOpenAI(api_key="none", base_url=f"{server.base_url}/v1") as client,
            connect_to(client) as connection,
        ):
            await connection.session.update(session=session())

            async def speak():
                start = time.perf_counter()
                for number, audio in enumerate(speech, 1):
                    await connection.input_audio_buffer.append(audio=audio)
                    await asyncio.sleep(max(0, start + number / 10 - time.perf_counter()))
                await connection.send({"type": "session.close"})

            speaking = asyncio.create_task(speak())
            events = [(not speaking.done(), event) async for event in connection]
            await speaking
            return events

    events = asyncio.run(scenario())
    types = [event.type for _, event in events]
    assert types[0] == "session.created"
    assert types[-2:] == ["samo.insight", "session.closed"]
    early = [event for is_speaking, event in events if is_speaking and event.type == COMPLETED]
    assert early, "no turn was complete before the end"
    events = [event for _, event in events]
    text = " ".join(text_of(events, COMPLETED, "transcript"))
    assert "what you can do for your country" in plain(text)
    for completed in (event for event in events if event.type == COMPLETED):
        deltas = [e.delta for e in events if e.type == DELTA and e.item_id == completed.item_id]
        assert "".join(deltas) == completed.transcript
    insight = events[-2].to_dict()["insight"]
    assert insight["transcription"]["text"] == " ".join(text.split())
    assert insight["emotion_analysis"]["primary_emotion"]


@pytest.mark.models
def test_the_sync_client_commits_turns_itself(server, speech):
    with (
        openai.OpenAI(api_key="none", base_url=f"{server.base_url}/v1") as client,
        connect_to(client) as connection,
    ):
        configured = session()
        configured["audio"]["input"]["turn_detection"] = None
        connection.session.update(session=configured)
        for audio in speech:
            connection.input_audio_buffer.append(audio=audio)
        connection.input_audio_buffer.commit()
        events = []
        for event in connection:
            events.append(event)
            if event.type == "samo.emotions":
                break
    (text,) = text_of(events, COMPLETED, "transcript")
    assert "ask not what your country can do for you" in plain(text)


def test_a_token_of_client_secrets_opens_a_session(server):
    with openai.OpenAI(api_key="none", base_url=f"{server.base_url}/v1") as client:
        secret = client.realtime.client_secrets.create(
            session=session("de"), expires_after={"anchor": "created_at", "seconds": 20}
        )
    with (
        openai.OpenAI(api_key=secret.value, base_url=f"{server.base_url}/v1") as client,
        connect_to(client) as connection,
    ):
        created = connection.recv().to_dict()
    assert created["session"]["audio"]["input"]["transcription"]["language"] == "de"


def test_a_stop_completes_the_turn_and_restarts_are_told(tmp_path, speech):
    with serving(tmp_path / "log", SAMO_RUNNERS="fake") as client:
        url = f"{client.base_url}/v1/realtime?intent=transcription".replace("http", "ws", 1)
        with connect(url, max_size=None) as socket:
            for audio in speech[:20]:  # in the middle of a phrase
                socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
            time.sleep(0.5)
            client.process.send_signal(signal.SIGTERM)
            kinds = []
            with contextlib.suppress(ConnectionClosed):
                while True:
                    kinds.append(json.loads(socket.recv(timeout=10))["type"])
            assert socket.close_code == 1012
        assert kinds[-5:] == [
            DELTA, COMPLETED, "samo.emotions", "samo.insight", "session.closed",
        ]  # fmt: skip
        assert client.process.wait(timeout=10) == 0
    assert "raceback" not in (tmp_path / "log").read_text()


def test_bad_connections_end_and_the_service_goes_on(tmp_path, speech):
    with serving(tmp_path / "log", SAMO_RUNNERS="fake", SAMO_MAX_LIVE_SESSIONS="2") as client:
        url = f"{client.base_url}/v1/realtime?intent=transcription".replace("http", "ws", 1)
        with connect(url, max_size=None) as socket:  # a message that is too large
            socket.recv()
            with contextlib.suppress(ConnectionClosed):
                socket.send("x" * 3_000_000)
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=10)
            assert socket.close_code == 1009
        for _ in range(5):  # connections that vanish in the middle of a turn
            socket = connect(url, max_size=None)
            for audio in speech[:15]:
                socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
            socket.socket.close()
            time.sleep(0.3)
        with connect(url) as socket:  # faster than real time, all at once
            for audio in speech * 2:
                socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
            socket.send(json.dumps({"type": "session.close"}))
            kinds = [json.loads(message)["type"] for message in socket]
        assert kinds.count(COMPLETED) >= 6
        assert kinds[-1] == "session.closed"
        assert "samo_live_sessions 0.0" in client.get("/metrics").text
    log = (tmp_path / "log").read_text()
    assert "raceback" not in log
    assert "intent=" not in log  # no address with its query
