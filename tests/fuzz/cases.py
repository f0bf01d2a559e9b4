"""Requests for the fuzzer: schemathesis draws them from the OpenAPI description; some are damaged.

Schemathesis draws requests that match the description and requests that do not, in one field or in
all of them. What it cannot know is added here: recordings, bodies that are cut or re-encoded, odd
headers, methods and paths, and a marker in each text.
"""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import requests
import schemathesis
from hypothesis import strategies as st

# Part of every text of a case, so that responses and logs that repeat it are detected.
MARKER: Final = "xqzzyv"
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
CONTENT_TYPES: Final = (
    "application/json", "application/json; charset=utf-8", "application/json; charset=latin-1",
    "application/json; charset=nonsense", "APPLICATION/JSON", "text/plain", "text/json", "",
    "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=b", "application/octet-stream", "audio/wav",
    f"{MARKER}/{MARKER}",
)  # fmt: skip
# Words that the service treats specially.
WORDS: Final = (
    "joy", "I am", ". ", "?\n", "1. ", "…", "\u2028", "\ufeff", "\u200d", "😀", "<p>", "&amp;",
    "Dr. ", "\u202e", "e\u0301", "\0", MARKER,
)  # fmt: skip
# They go on as WebSockets, which other tests send.
_WEBSOCKETS: Final = ("/v1/realtime",)
_BASE: Final = "http://localhost"


@dataclass(frozen=True)
class Case:
    """A request; its repr is Python code that creates it again."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def cases(openapi: dict[str, Any]) -> st.SearchStrategy[Case]:
    """Requests to every route of the description, and to unknown paths."""
    schema = schemathesis.openapi.from_dict(openapi)
    drawn = []
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # raises for an invalid schema
        if operation.path in _WEBSOCKETS:
            continue
        for mode in schemathesis.GenerationMode:
            requests_of_mode = operation.as_strategy(generation_mode=mode)
            # routes with a body have more to draw
            drawn += [requests_of_mode] * (4 if operation.body else 1)
    return _damaged(st.one_of(drawn))


@st.composite
def _damaged(draw: st.DrawFn, drawn: st.SearchStrategy[Any]) -> Case:
    """The request of a drawn case, with damage in some of its parts."""
    case = draw(drawn)
    case.body = _marked(draw, case.body)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of schemathesis, about bodies that it re-encodes
        options = case.as_transport_kwargs(base_url=_BASE)
    # like its own transport, without its headers
    prepared = requests.Request(
        options["method"], options["url"], params=options.get("params"), json=options.get("json"),
        data=options.get("data"), files=options.get("files"),
    ).prepare()  # fmt: skip
    method, target = str(prepared.method), prepared.path_url
    body: Any = prepared.body or b""
    body = corrupted(draw, body.encode() if isinstance(body, str) else body)
    content_type = str(prepared.headers.get("content-type", case.media_type or "")).encode()
    if draw(st.integers(0, 14)) == 0:
        method = draw(st.sampled_from(METHODS))
    if draw(st.integers(0, 14)) == 0:
        path = target.partition("?")[0]
        target = draw(st.sampled_from([
            f"{path}/", f"{path}//", f"{path}?{MARKER}={MARKER}", f"{path}%00",
            f"{path}/%2e%2e/{MARKER}", f"/{MARKER}", "/" + "a" * 9_000, path.upper(),
            f"{path};{MARKER}", "/%ff%fe", "/metrics/",
        ]))  # fmt: skip
    if draw(st.integers(0, 9)) == 0:
        content_type = draw(st.sampled_from(CONTENT_TYPES)).encode()
    headers = [(b"content-type", content_type)] if content_type else []
    if draw(st.integers(0, 3)) == 0:
        headers.append(draw(st.sampled_from(_HEADERS)))
    return Case(method, target, tuple(headers), body)


def _marked(draw: st.DrawFn, body: Any) -> Any:
    """The body with recordings and with the marker in its texts."""
    if not isinstance(body, dict):
        return body
    marked = dict(body)
    for name, value in body.items():
        if name in ("text", "prompt") and isinstance(value, str):
            marked[name] = draw(texts()) if draw(st.booleans()) else f"{MARKER} {value}"
        elif name == "texts" and isinstance(value, list):
            marked[name] = [f"{MARKER} {v}" if isinstance(v, str) else v for v in value]
        elif name in ("audio_file", "file") and draw(st.integers(0, 4)):
            marked[name] = draw(recordings())
    return marked


@lru_cache  # building a strategy takes longer than drawing from it
def texts() -> st.SearchStrategy[str]:
    """Texts of words that the service treats specially, some longer than the limit."""
    pieces = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12)
    joined = st.builds(lambda some: f"{MARKER} " + "".join(some), pieces)
    repeated = st.builds(lambda piece, times: piece * times, st.sampled_from(WORDS),
                         st.sampled_from([1, 100, 2_500, 21_000]))  # fmt: skip
    return st.one_of(joined, joined, joined, repeated)


def corrupted(draw: st.DrawFn, body: bytes) -> bytes:
    """The bytes, unchanged in two of three cases; otherwise cut, doubled, changed or re-encoded."""
    if draw(st.integers(0, 2)):
        return body
    for _ in range(draw(st.integers(1, 3))):
        offset = draw(st.integers(0, len(body)))
        length = draw(st.integers(0, 40))
        body = draw(
            st.sampled_from(
                [
                    body[:offset],
                    body[:offset] + body[offset + length :],
                    body[: offset + length] + body[offset:],
                    body[:offset] + draw(st.binary(max_size=8)) + body[offset + 1 :],
                    body[:offset] + b"\\ud800" + body[offset:],
                    b"\xef\xbb\xbf" + body,
                    body.decode("utf-8", "replace").encode("utf-16"),
                    body.decode("utf-8", "replace").encode("latin-1", "replace"),
                ]
            )
        )
    return body


@lru_cache
def recordings() -> st.SearchStrategy[bytes]:
    """0.2 s of WAV, intact or corrupted, and bytes that are not a recording."""
    samples = struct.pack("<3200h", *(n * 97 % 9001 - 4500 for n in range(3200)))
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1,
                         1, 16_000, 32_000, 2, 16, b"data", len(samples))  # fmt: skip
    wav = st.composite(lambda draw: corrupted(draw, header + samples))()
    return st.one_of(wav, wav, st.binary(max_size=60), st.just(MARKER.encode()))


_HEADERS: Final = (
    (b"x-request-id", b"an.id-of_the-clients"), (b"x-request-id", b"\xff\xfe"),
    (b"x-request-id", b"a b"), (b"x-request-id", b"a" * 500), (b"x-request-id", b""),
    (b"accept", b"application/xml"), (b"accept-encoding", b"gzip, br;q=2, \xff"),
    (b"content-encoding", b"gzip"), (b"content-encoding", MARKER.encode()),
    (b"content-length", b"-1"), (b"content-length", b"1"), (b"content-length", b"99999999999"),
    (b"content-length", "²".encode()), (b"content-length", b"1e3"), (b"expect", b"200-ok"),
    (b"transfer-encoding", b"chunked, identity"), (b"range", b"bytes=0-0"),
    (b"origin", b"https://" + MARKER.encode()), (b"access-control-request-method", b"POST"),
    (b"cookie", b"\xff=" + MARKER.encode()), (b"authorization", b"Basic \xff"),
    (b"authorization", b"Bearer " + MARKER.encode()), (b"host", b"\xff"), (b"host", b""),
    (b"x-forwarded-for", MARKER.encode() * 1000), (b"upgrade", b"websocket"),
    (b"if-none-match", b"*"), (b"traceparent", b"00-\xff-0-0"),
)  # fmt: skip
