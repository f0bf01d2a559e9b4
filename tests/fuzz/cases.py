"""Requests for the fuzzer: valid ones from the service's OpenAPI description, then corrupted."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

from hypothesis import strategies as st

# Part of every text of a case, so that responses and logs that repeat it are detected.
MARKER: Final = "xqzzyv"
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
# Words that the fake runners know, and parts of sentences and of exported entries.
WORDS: Final = (
    "joy", "sadness", "fear", "happy", "I am", "and then", ". ", "! ", "?\n", "1. ", "- ", "…",
    "\r\n\r\n", "\t", "\u2028", "\ufeff", "\u200d", "😀", "👩\u200d👧", "<p>", "\\.", "&amp;",
    "Dr. ", "3.14 ", "\u202e", "e\u0301", "\0", MARKER,
)  # fmt: skip
CONTENT_TYPES: Final = (
    "application/json", "application/json; charset=utf-8", "application/json; charset=latin-1",
    "application/json; charset=nonsense", "APPLICATION/JSON", "text/plain", "text/json", "",
    "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=b", "application/octet-stream", "audio/wav",
    f"{MARKER}/{MARKER}",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A request; its repr is Python code that creates it again."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@lru_cache  # building a strategy takes longer than drawing from it
def texts() -> st.SearchStrategy[str]:
    """Texts of one Unicode block, of several, and of words that the service treats specially."""
    block = st.integers(0, 0x10FF).filter(lambda number: not 0xD8 <= number <= 0xDF)
    of_one_block = st.builds(
        lambda number, offsets: "".join(chr(number * 256 + offset) for offset in offsets),
        block,
        st.binary(max_size=60),
    )
    pieces = st.lists(st.one_of(st.sampled_from(WORDS), of_one_block), min_size=1, max_size=12)
    repeated = st.builds(lambda piece, times: piece * times, st.sampled_from(WORDS),
                         st.sampled_from([1, 100, 2_500, 21_000]))  # fmt: skip
    joined = st.builds(lambda some: f"{MARKER} " + "".join(some), pieces)
    return st.one_of(joined, joined, joined, joined, joined, of_one_block, repeated)


@lru_cache
def anything() -> st.SearchStrategy[Any]:
    """Any JSON value, and the invalid ones that Python's encoder writes (NaN, Infinity)."""
    scalar = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts())
    names = st.sampled_from([MARKER, "", "text", "\0", "ü"])
    few = st.one_of(
        scalar, st.lists(scalar, max_size=3), st.dictionaries(names, scalar, max_size=3)
    )
    return st.one_of(
        few, st.lists(few, max_size=3), st.builds(lambda value: [[[[[value]]]]], scalar)
    )


def values(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that match a JSON schema; one in fifteen is any value."""
    fit = _fit(schema, definitions)
    return st.integers(0, 14).flatmap(lambda number: anything() if number == 7 else fit)


def _fit(schema: dict[str, Any], definitions: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "examples" in schema:  # dates and emotions, which are hardly ever drawn at random
        rest = {name: value for name, value in schema.items() if name != "examples"}
        return st.one_of(st.sampled_from(schema["examples"]), _fit(rest, definitions))
    if "$ref" in schema:
        return _fit(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema or "oneOf" in schema:
        options = schema.get("anyOf") or schema["oneOf"]
        return st.one_of([_fit(option, definitions) for option in options])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "properties" in schema:
        return objects(schema, definitions)
    if schema.get("type") == "array":
        items = values(schema.get("items", {}), definitions)
        return st.one_of(st.lists(items, max_size=4), st.builds(lambda v: [v] * 129, items))
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "string": texts(),
        "integer": st.one_of(st.integers(-2, 40), st.integers()),
        "number": st.one_of(st.floats(-0.1, 1.1), st.floats()),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return kinds.get(schema.get("type", ""), anything())


@st.composite
def objects(draw: st.DrawFn, schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Objects of a schema; sometimes a field is missing, of another type, or unknown."""
    result: dict[str, Any] = {}
    for name, field_schema in schema["properties"].items():
        often = 12 if name in schema.get("required", ()) else 3
        if draw(st.integers(0, 12)) < often:
            result[name] = draw(values(field_schema, definitions))
    if draw(st.integers(0, 9)) == 0:
        result[draw(st.sampled_from([MARKER, "", "\u0000", "text "]))] = draw(anything())
    return result


@st.composite
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
    return st.one_of(corrupted(header + samples), st.binary(max_size=60), st.just(MARKER.encode()))


@st.composite
def multiparts(
    draw: st.DrawFn, schema: dict[str, Any], definitions: dict[str, Any]
) -> tuple[bytes, bytes]:
    """A multipart form for a schema: its content type and body."""
    parts: list[bytes] = []
    for name, value in draw(objects(schema, definitions)).items():
        field_schema = schema["properties"].get(name, {})
        is_file = field_schema.get("format") == "binary" or "contentMediaType" in field_schema
        if is_file and draw(st.integers(0, 9)):
            content = draw(recordings())
            filename = draw(st.sampled_from([f"{MARKER}.wav", "", "ü.m4a", 'a"b', "../x", "\0"]))
            head = (
                f'; filename="{filename}"\r\nContent-Type: {draw(st.sampled_from(CONTENT_TYPES))}'
            )
        else:
            content, head = _form_value(value).encode("utf-8", "replace"), ""
        disposition = f'Content-Disposition: form-data; name="{name}"{head}'
        part = disposition.encode() + b"\r\n\r\n" + content
        parts += [part] * draw(st.sampled_from([1, 1, 1, 1, 1, 2]))
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    boundary = draw(st.sampled_from(["b", "b", "b", "b", '"b"', "c", "", MARKER * 20]))
    return f"multipart/form-data; boundary={boundary}".encode(), draw(corrupted(body))


def _form_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@st.composite
def cases(draw: st.DrawFn, openapi: dict[str, Any]) -> Case:
    """Requests to every route of the description, and to unknown paths."""
    definitions = openapi["components"]["schemas"]
    routes = [
        (method.upper(), path, operation)
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
        for _ in range(4 if "requestBody" in operation else 1)
    ]
    method, path, operation = draw(st.sampled_from(routes))
    content_type, body = b"", b""
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        schema = media["schema"]
        if "$ref" in schema:
            schema = definitions[schema["$ref"].rpartition("/")[2]]
        if kind == "application/json":
            result = json.dumps(draw(values(schema, definitions)), ensure_ascii=draw(st.booleans()))
            content_type, body = kind.encode(), draw(corrupted(result.encode("utf-8", "replace")))
        elif draw(st.integers(0, 9)):
            content_type, body = draw(multiparts(schema, definitions))
        else:
            fields = draw(objects(schema, definitions))
            result = urlencode({name: _form_value(value) for name, value in fields.items()},
                             errors="replace")  # fmt: skip
            content_type, body = (
                b"application/x-www-form-urlencoded",
                draw(corrupted(result.encode())),
            )
    if draw(st.integers(0, 14)) == 0:
        method = draw(st.sampled_from(METHODS))
    if draw(st.integers(0, 14)) == 0:
        path = draw(st.sampled_from([
            f"{path}/", f"/{path}", f"{path}?{MARKER}={MARKER}", f"{path}%00",
            f"{path}/%2e%2e/{MARKER}", f"/{MARKER}", "/" + "a" * 9_000, path.upper(),
            f"{path};{MARKER}", "/%ff%fe", "/metrics/",
        ]))  # fmt: skip
    if draw(st.integers(0, 9)) == 0:
        content_type = draw(st.sampled_from(CONTENT_TYPES)).encode()
    headers = [(b"content-type", content_type)] if content_type else []
    if draw(st.integers(0, 3)) == 0:
        headers.append(draw(st.sampled_from(_HEADERS)))
    return Case(method, path, tuple(headers), body)


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
