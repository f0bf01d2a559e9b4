"""Requests of every kind, so that each metric of a service moves."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

import httpx
import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from samo.audio import SAMPLE_RATE, decode

RECORDINGS: Final = Path(__file__).parent.parent / "tests" / "data"
_TEXTS: Final = (
    "My sister called and I felt so much joy.",
    "I was full of anger, because nobody listened to me.",
    "We had lunch at noon and talked about the weather.",
    "The dark street gave me a moment of fear. Then the lights went on and I felt relief.",
    "I miss my grandmother. The sadness comes in the evening, and so does gratitude.",
)
# Fake models raise an error for a text with this word; to real ones it is a text like others.
_CRASH: Final = "A car crash on our street filled me with fear."

_LIVE_PATH: Final = "/v1/realtime?intent=transcription"
_COMPLETED: Final = "conversation.item.input_audio_transcription.completed"

Send = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


async def send_for(url: str, seconds: float, pause_seconds: float, key: str | None = None) -> int:
    """Send requests for some time, from users who write, send recordings, and speak live.

    Returns how many were sent; live sessions count as one each.
    """
    headers = {"authorization": f"Bearer {key}"} if key else {}
    deadline = time.monotonic() + seconds
    async with httpx.AsyncClient(base_url=url, timeout=120, headers=headers) as client:
        counts = await asyncio.gather(
            _send(client, _typed(), pause_seconds, deadline),
            _send(client, _spoken(), 4 * pause_seconds, deadline),
            _speak_live(url, headers, deadline),
        )
    return sum(counts)


async def _send(
    client: httpx.AsyncClient, requests: Iterator[Send], pause_seconds: float, deadline: float
) -> int:
    count = 0
    while time.monotonic() < deadline:
        await next(requests)(client)
        count += 1
        await asyncio.sleep(pause_seconds)
    return count


def _typed() -> Iterator[Send]:
    texts = itertools.cycle(_TEXTS)
    while True:
        for _ in range(6):
            yield _post("/predict", {"text": next(texts)})
        yield _post("/predict_batch", {"texts": [*_TEXTS, ""]})
        yield _post("/summarize/text", {"text": " ".join(_TEXTS)})
        yield _post("/analyze/journal", {"text": " ".join(_TEXTS)})
        yield _post("/analyze/journal", {"text": _CRASH})
        yield _post("/predict", {"text": _CRASH})
        yield _post("/predict", {"text": ""})
        yield lambda client: client.get("/nothing-here")


def _post(path: str, body: dict[str, object]) -> Send:
    return lambda client: client.post(path, json=body)


def _spoken() -> Iterator[Send]:
    while True:
        for name in ("entry.flac", "jfk.flac", "diary.flac"):
            yield _upload("/analyze/voice-journal", RECORDINGS / name)
        yield _upload("/v1/jobs", RECORDINGS / "affirmation.flac")


def _upload(path: str, recording: Path) -> Send:
    def send(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
        return client.post(path, files={"audio_file": (recording.name, recording.read_bytes())})

    return send


async def _speak_live(url: str, headers: dict[str, str], deadline: float) -> int:
    """Open two sessions at the same time, again and again; return how many."""
    count = 0
    while time.monotonic() < deadline:
        await asyncio.gather(*(_live_session(url, headers) for _ in range(2)))
        count += 2
        await asyncio.sleep(1)
    return count


async def _live_session(url: str, headers: dict[str, str]) -> None:
    """Say one recording, all at once, and wait for its transcript; do nothing if refused."""
    samples = decode((RECORDINGS / "affirmation.flac").read_bytes()).samples
    pcm = (samples * np.iinfo(np.int16).max).astype("<i2").tobytes()
    audio = {"format": {"type": "audio/pcm", "rate": SAMPLE_RATE}, "turn_detection": None}
    messages = [
        {
            "type": "session.update",
            "session": {"type": "transcription", "audio": {"input": audio}},
        },
        {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()},
        {"type": "input_audio_buffer.commit"},
    ]
    address = f"{url}{_LIVE_PATH}".replace("http", "ws", 1)
    try:
        async with asyncio.timeout(60), connect(address, additional_headers=headers) as socket:
            for message in messages:
                await socket.send(json.dumps(message))
            while json.loads(await socket.recv())["type"] != _COMPLETED:
                pass
    except WebSocketException:
        pass  # as many sessions as the service has room for are open
