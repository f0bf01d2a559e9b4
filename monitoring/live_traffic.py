"""Live sessions, more than the service takes, so that their metrics move too."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Final

from websockets.asyncio.client import connect

from samo.audio import decode

_SESSIONS: Final = 4
_RATE: Final = 16_000


async def speak_for(
    url: str, recording: bytes, seconds: float, pause_seconds: float, key: str | None = None
) -> int:
    """Hold sessions at the same time, again and again; return how many were opened."""
    pcm = (decode(recording).samples * 32_767).astype("<i2").tobytes()
    address = f"{url.replace('http', 'ws', 1).rstrip('/')}/v1/realtime?intent=transcription"
    deadline, count = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        await asyncio.gather(*(_speak(address, pcm, key) for _ in range(_SESSIONS)))
        count += _SESSIONS
        await asyncio.sleep(pause_seconds)
    return count


async def _speak(address: str, pcm: bytes, key: str | None) -> None:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with connect(address, additional_headers=headers) as socket:
        if json.loads(await socket.recv())["type"] == "error":
            return  # there was no room
        source = {"format": {"type": "audio/pcm", "rate": _RATE}, "turn_detection": None}
        session = {"type": "transcription", "audio": {"input": source}}
        audio = base64.b64encode(pcm).decode()
        for event in (
            {"type": "session.update", "session": session},
            {"type": "input_audio_buffer.append", "audio": audio},
            {"type": "session.close"},
        ):
            await socket.send(json.dumps(event))
        async for _ in socket:
            pass
