"""A client that speaks in real time and notes when the text arrives."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from typing import Final

from websockets.asyncio.client import ClientConnection, connect

from loadtests.live.scoring import speech_end_before
from loadtests.live.streams import RATE, Stream

PIECE_SECONDS: Final = 0.1
_PREFIX: Final = "conversation.item.input_audio_transcription."


@dataclass(slots=True)
class HeardTurn:
    """A turn as the client sees it; times in seconds of the stream's audio."""

    start: float
    end: float = 0.0
    """When the service noticed its end: the pause is over."""
    stable: str = ""
    transcript: str = ""
    delay: float = 0.0
    """Seconds from the end of its speech to its final text."""

    @property
    def changed_characters(self) -> int:
        """Characters that were sent as stable and are not in the transcript as they were."""
        return 0 if self.transcript.startswith(self.stable) else len(self.stable)


@dataclass(slots=True)
class Heard:
    """What a client heard of one stream."""

    turns: dict[str, HeardTurn] = field(default_factory=dict)
    late_seconds: float = 0.0
    """How far the client fell behind real time; its own fault, if it is more than a moment."""
    has_insight: bool = False


async def speak(url: str, stream: Stream) -> Heard:
    """Play `stream` in real time; return what was heard."""
    heard = Heard()
    async with connect(url, max_size=None) as socket:
        source = {
            "format": {"type": "audio/pcm", "rate": RATE},
            "transcription": {"language": "en"},
        }
        session = {"type": "transcription", "audio": {"input": source}}
        await socket.send(json.dumps({"type": "session.update", "session": session}))
        start = time.perf_counter()
        playing = asyncio.create_task(_play(socket, stream, start, heard))
        async for message in socket:
            _note(heard, stream, json.loads(message), time.perf_counter() - start)
        await playing
    return heard


async def _play(socket: ClientConnection, stream: Stream, start: float, heard: Heard) -> None:
    step = int(PIECE_SECONDS * RATE)
    for number, at in enumerate(range(0, len(stream.samples), step), 1):
        left = start + number * PIECE_SECONDS - time.perf_counter()
        heard.late_seconds = max(heard.late_seconds, -left)
        await asyncio.sleep(max(0.0, left))  # a piece is sent when its end has been spoken
        audio = base64.b64encode(stream.samples[at : at + step].tobytes()).decode()
        await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
    await socket.send(json.dumps({"type": "session.close"}))


def _note(heard: Heard, stream: Stream, event: dict[str, object], now: float) -> None:
    kind, item = str(event["type"]), str(event.get("item_id"))
    if kind == "error":
        raise RuntimeError(f"the service answered with an error: {event['error']}")
    if kind == "samo.insight":
        heard.has_insight = True
    elif kind == "input_audio_buffer.speech_started":
        heard.turns[item] = HeardTurn(float(str(event["audio_start_ms"])) / 1000)
    elif kind == "input_audio_buffer.speech_stopped":
        heard.turns[item].end = float(str(event["audio_end_ms"])) / 1000
    elif kind == f"{_PREFIX}delta":
        heard.turns[item].stable += str(event["delta"])
    elif kind == f"{_PREFIX}completed":
        turn = heard.turns[item]
        turn.transcript = str(event["transcript"])
        turn.delay = now - speech_end_before(stream, turn.end)
