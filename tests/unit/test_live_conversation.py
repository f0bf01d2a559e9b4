"""How a session ends on its connection, with a connection that the test plays."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from runners import fakes
from runners.batching import Batcher
from runners.errors import RateLimited
from samo.audio import decode
from samo.live.conversation import Conversation, no_limit
from samo.live.session import LiveSession
from samo.live.socket import Limits
from tests.conftest import RECORDING


class Socket:
    """Plays messages, then waits; keeps what is sent."""

    def __init__(self, messages):
        self.messages = list(messages)
        self.sent: list[Any] = []
        self.closed: tuple[int, str] | None = None
        self.reads = True

    async def receive(self):
        if self.messages:
            return self.messages.pop(0)
        await asyncio.sleep(60)
        return None

    async def send(self, message):
        if not self.reads:
            await asyncio.sleep(60)
        self.sent.append(json.loads(message))

    async def close(self, code, reason):
        self.closed = (code, reason)


class NoAnalysis:
    async def turn(self, _finished):
        return None

    async def insight(self):
        return None


def run(socket, *, check_limit=no_limit):
    async def scenario():
        transcriber: Any = Batcher(
            "live", fakes.FakeTranscriber(), max_batch_cost=1, max_wait_seconds=5
        )
        analysis: Any = NoAnalysis()
        conversation = Conversation(
            socket, LiveSession(), transcriber, analysis, Limits(30, 30), check_limit
        )
        try:
            await asyncio.wait_for(conversation.run(), 20)
        finally:
            transcriber.close()

    asyncio.run(scenario())


@pytest.fixture(scope="module")
def spoken():
    """A committed turn."""
    import base64

    samples = (decode(RECORDING.read_bytes()).samples[:16_000] * 32_767).astype("<i2")
    audio = base64.b64encode(samples.tobytes()).decode()
    source = {"format": {"type": "audio/pcm", "rate": 16_000}, "turn_detection": None}
    session = {"type": "transcription", "audio": {"input": source}}
    return [
        json.dumps(event)
        for event in (
            {"type": "session.update", "session": session},
            {"type": "input_audio_buffer.append", "audio": audio},
            {"type": "input_audio_buffer.commit"},
        )
    ]


def test_a_caller_who_has_used_up_a_limit_is_told(spoken):
    async def used_up():
        return RateLimited("The limit is used up.", retry_after_seconds=5)

    socket = Socket(spoken)
    run(socket, check_limit=used_up)
    errors = [event["error"] for event in socket.sent if event["type"] == "error"]
    assert [(error["type"], error["code"]) for error in errors] == [
        ("rate_limit_error", "rate_limited")
    ]
    assert socket.closed == (1008, "rate_limited")


def test_a_client_that_does_not_read_is_let_go():
    socket = Socket(["no event"] * 1000)
    socket.reads = False
    run(socket)
    assert socket.closed == (1008, "client_too_slow")
