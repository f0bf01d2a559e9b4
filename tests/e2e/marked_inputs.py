"""Requests that carry a marker wherever a client can put text, for the tests of privacy.

To cover a new route, add its requests to `CASES`, with the statuses that show that they arrived.
"""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.sync.client import connect

from samo.audio import decode
from samo.limits import max_body_bytes
from tests.conftest import ROOT

SPOKEN = "miss them terribly"
"""Words of the recording that the transcriber hears."""
SPOKEN_TO_FAKE = "I felt joy for"
"""What the fake transcriber hears in every recording."""
DIARY = (ROOT / "tests" / "data" / "diary.flac").read_bytes()


@dataclass(frozen=True)
class Case:
    """A request with markers in it.

    Attributes:
        name: says what it is, without a marker.
        send: sends it; returns the response, or None if none is expected.
        statuses: statuses that it may have.
        needs: "real" or "fake" runners, if it shows something with these only.

    """

    name: str
    send: Callable[[httpx.Client, str], httpx.Response | None]
    statuses: tuple[int, ...] = (200,)
    needs: str | None = None


def _json(path: str, **body: Any) -> Callable[[httpx.Client, str], httpx.Response]:
    """Post `body`, in whose strings "MARK" is the marker."""

    def send(client: httpx.Client, mark: str) -> httpx.Response:
        content = json.dumps(body).replace("MARK", mark)
        return client.post(path, content=content, headers={"content-type": "application/json"})

    return send


def _upload(
    path: str, field: str, data: bytes = DIARY, /, **fields: str
) -> Callable[[httpx.Client, str], httpx.Response]:
    """Post a recording, with the marker in its name and its type."""

    def send(client: httpx.Client, mark: str) -> httpx.Response:
        file = (f"{mark}-name.flac", data.replace(b"MARK", mark.encode()), f"audio/{mark}-type")
        values = {name: value.replace("MARK", mark) for name, value in fields.items()}
        return client.post(path, files={field: file}, data=values)

    return send


def _raw(payload: str) -> Callable[[httpx.Client, str], None]:
    """Send bytes that no HTTP client would send, and wait for the server to close."""

    def send(client: httpx.Client, mark: str) -> None:
        key = client.headers["authorization"]
        text = payload.replace("MARK", mark).replace("KEY", key)
        with socket.create_connection((client.base_url.host, client.base_url.port or 80)) as peer:
            peer.settimeout(10)
            peer.sendall(text.encode())
            if not text.startswith("POST"):  # it is complete
                while peer.recv(65536):
                    pass

    return send


def _headers(*names: str) -> Callable[[httpx.Client, str], httpx.Response]:
    def send(client: httpx.Client, mark: str) -> httpx.Response:
        headers = {name.replace("MARK", mark): f"{mark} header {name}" for name in names}
        return client.post("/predict", json={"text": "Thank you!"}, headers=headers)

    return send


def _get(
    path: str, method: str = "GET", **headers: str
) -> Callable[[httpx.Client, str], httpx.Response]:
    def send(client: httpx.Client, mark: str) -> httpx.Response:
        marked = {
            name.replace("_", "-"): text.replace("MARK", mark) for name, text in headers.items()
        }
        return client.request(method, path.replace("MARK", mark), headers=marked)

    return send


def _oversized(client: httpx.Client, mark: str) -> httpx.Response:
    text = (mark + " ") * (max_body_bytes("/predict") // len(mark))
    return client.post("/predict", json={"text": text})


def _burst(client: httpx.Client, mark: str) -> httpx.Response:
    """Texts that share batches, one of which fails."""
    found: list[httpx.Response] = []

    def post(text: str) -> None:
        found.append(client.post("/predict", json={"text": text}))

    texts = [f"{mark} joy {number}" for number in range(8)] + [f"{mark} crash"]
    threads = [threading.Thread(target=post, args=[text]) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(found, key=lambda response: response.status_code)


def _wav_with_title(title: str) -> bytes:
    """A second of silence as WAV, with a title in its tags."""
    text = title.encode() + bytes(2 - len(title) % 2)
    tags = b"INFO" + b"INAM" + len(text).to_bytes(4, "little") + text
    layout = struct.pack("<HHIIHH", 1, 1, 16000, 32000, 2, 16)
    chunks = ((b"fmt ", layout), (b"LIST", tags), (b"data", bytes(32000)))
    body = b"WAVE" + b"".join(
        name + len(data).to_bytes(4, "little") + data for name, data in chunks
    )
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _job(data: bytes) -> Callable[[httpx.Client, str], httpx.Response]:
    """Submit a job and wait for its end; returns its result, or why it failed."""

    def send(client: httpx.Client, mark: str) -> httpx.Response:
        name = f"{mark}-name.flac"
        files = {"audio_file": (name, data.replace(b"MARK", mark.encode()), f"audio/{mark}")}
        submitted = client.post("/v1/jobs", files=files)
        if submitted.status_code != 202:
            return submitted
        path = f"/v1/jobs/{submitted.json()['id']}"
        while client.get(path).json()["state"] in ("queued", "running"):
            time.sleep(0.2)
        return client.get(f"{path}/result")

    return send


def _live(client: httpx.Client, mark: str) -> httpx.Response:
    """Speak in a live session, with valid and invalid events; returns the events in one body."""
    headers = {name: client.headers[name] for name in ("authorization", "x-request-id")}
    url = f"ws://{client.base_url.netloc.decode()}/v1/realtime?intent=transcription"
    transcription = {"language": "en", "prompt": mark, "keywords": [f"{mark} keyword"]}
    session = {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000},
               "transcription": transcription}}, "type": "transcription"}  # fmt: skip
    samples = (decode(DIARY).samples * 32767).astype("<i2").tobytes()
    events = [
        json.dumps({"type": "session.update", "session": session}),
        json.dumps({"type": mark, "event_id": mark}),
        json.dumps({"type": "session.update", "session": {mark: mark}}),
        json.dumps({"type": "input_audio_buffer.append", "audio": f"{mark}!"}),
        f"{{{mark}",
    ]
    events += [
        json.dumps({"type": "input_audio_buffer.append",
                    "audio": base64.b64encode(samples[start : start + 32_000]).decode()})
        for start in range(0, len(samples), 32_000)
    ]  # fmt: skip
    events.append(json.dumps({"type": "session.close"}))
    with connect(url, additional_headers=headers) as peer:
        for event in events:
            peer.send(event)
        received = [str(message) for message in peer]
    return httpx.Response(200, text="\n".join(received))


_FORM = "multipart/form-data; boundary=b"
TRANSCRIPTIONS = "/v1/audio/transcriptions"

CASES: tuple[Case, ...] = (
    Case("a text", _json("/predict", text="I am so happy, MARK!")),
    Case("an explanation", _json("/predict", text="I am happy, MARK!", explain=True)),
    Case("a batch", _json("/predict_batch", texts=["joy MARK", "", "MARK"])),
    Case("a summary", _json("/summarize/text", text="MARK came. I was happy. Then MARK left.")),
    Case("an entry", _json("/analyze/journal", text="MARK came. I was happy. Then MARK left.")),
    Case("a long entry", _json("/analyze/journal", text="I met MARK and was happy. " * 200)),
    Case("trends with an unknown emotion",
         _json("/insights/trends", entries=[{"date": "2026-01-01", "emotions": {"MARK": 1}}]),
         (422,)),
    Case("a recording", _upload("/analyze/voice-journal", "audio_file")),
    Case("a job", _job(DIARY)),
    Case("a job of no audio", _job(b"MARK diary " * 500), (409, 415, 422)),
    Case("a callback", _upload("/v1/jobs", "audio_file", callback_url="https://MARK.example/"),
         (422,)),
    Case("a job's id", _get("/v1/jobs/MARK"), (404,)),
    Case("a live session", _live),
    Case("a prompt and hotwords", _upload(TRANSCRIPTIONS, "file", model="whisper-1", prompt="MARK",
         hotwords="MARK hotwords", stream="true"), (200, 422)),
    Case("a prompt", _upload(TRANSCRIPTIONS, "file", model="whisper-1", prompt="MARK prompt"),
         needs="fake"),
    Case("keywords", _upload(TRANSCRIPTIONS, "file", DIARY, **{"model": "whisper-1",
         "keywords[]": "MARK"}), needs="fake"),
    Case("a model", _upload(TRANSCRIPTIONS, "file", model="MARK"), (200, 404, 422),
         needs="fake"),
    Case("a language", _upload("/transcribe/voice", "audio_file", language="MARK"), (422,)),
    Case("a field", _upload("/transcribe/voice", "audio_file", MARK="MARK"), (422,)),
    Case("tags", lambda client, mark: client.post("/transcribe/voice",
         files={"audio_file": ("tags.wav", _wav_with_title(mark))})),
    Case("no audio", _upload("/transcribe/voice", "audio_file", b"MARK diary " * 500), (415, 422)),
    Case("a damaged recording", _upload("/transcribe/voice", "audio_file",
         DIARY[:20000] + b"MARK" * 5000 + DIARY[40000:]), (200, 415, 422)),
    Case("a playlist", _upload("/transcribe/voice", "audio_file",
         b"#EXTM3U\n#EXTINF:3.0,\nfile:///tmp/MARK.wav\n#EXT-X-ENDLIST\n"), (415, 422)),
    Case("invalid JSON", lambda client, mark: client.post("/predict", content=f'{{"text": "{mark}',
         headers={"content-type": "application/json"}), (400,)),
    Case("an unknown field", _json("/predict", text="a", MARK=1), (422,)),
    Case("a wrong type", _json("/predict", text=["MARK"]), (422,)),
    Case("a text that is too long", _json("/predict", text="MARK " * 5000), (422,)),
    Case("an oversized body", _oversized, (413,)),
    Case("a malformed form", lambda client, mark: client.post("/transcribe/voice", content=mark,
         headers={"content-type": _FORM}), (400,)),
    Case("another content type", lambda client, mark: client.post("/predict", content=mark,
         headers={"content-type": f"text/{mark}"}), (415,)),
    Case("a query", lambda client, mark: client.post(f"/predict?text={mark}", json={"text": "a"}),
         (422,)),
    Case("a path", _get("/MARK/diary"), (404,)),
    Case("a path below a route", _get("/page/MARK"), (404,)),
    Case("a method", _get("/predict", "MARK"), (400, 405)),
    Case("headers", _headers("user-agent", "referer", "cookie", "x-request-id", "accept-language",
         "traceparent", "x-cloud-trace-context", "x-forwarded-for", "forwarded", "x-MARK")),
    Case("a wrong key", _headers("authorization"), (401,)),
    Case("another origin", _get("/predict", "POST", origin="https://MARK.example"), (403,)),
    Case("another host", _get("/health", host="MARK.example"), (200, 421)),
    Case("a WebSocket", _get("/MARK", upgrade="websocket", connection="Upgrade",
         sec_websocket_version="13", sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ=="),
         (400, 403, 404, 426)),
    Case("large headers", _get("/health", x_diary="MARK" * 20000), (200, 431)),
    Case("invalid HTTP", _raw("GET /MARK MARK MARK\r\n\r\n")),
    Case("a client that leaves", _raw("POST /predict HTTP/1.1\r\nHost: localhost\r\n"
         "Authorization: KEY\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
         '{"text": "MARK')),
    Case("a text that fails", _json("/predict", text="MARK crash"), (500,), needs="fake"),
    Case("an entry without emotions", _json("/analyze/journal", text="MARK crash"), needs="fake"),
    Case("a stream that fails", _upload(TRANSCRIPTIONS, "file", model="whisper-1", stream="true",
         prompt="MARK crash"), needs="fake"),
    Case("a batch of requests in which one fails", _burst, (500,), needs="fake"),
)  # fmt: skip
