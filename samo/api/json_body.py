"""Read and parse JSON bodies.

A body is refused as early as possible: one that is too large before all of it is read, and one with
too many fields before each of them is validated.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Any, Final

import pydantic_core
from fastapi import Request
from python_multipart.multipart import parse_options_header

from runners.errors import InvalidRequest, MalformedRequest, PayloadTooLarge, UnsupportedMediaType
from samo import limits
from samo.repeated_names import has_repeated_names

JSON: Final = "application/json"
# Text encodings that clients declare; Python also has codecs for other things (hex, idna).
_CHARSET: Final = re.compile(
    r"ascii|utf-(8|16|32)(-[bl]e)?|iso8859-\d+|latin\d*|cp\d+|koi8-[rtu]|mac-[a-z]+|gbk|gb2312"
    r"|gb18030|big5|shift_jis|euc_(jp|kr)"
)
# possessive quantifiers: invalid JSON takes no longer to scan than valid JSON
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_SEND_UTF8: Final = (
    "The body is not in UTF-8: send the body as UTF-8, or name its encoding in the header, as in "
    "Content-Type: application/json; charset=iso-8859-1."
)
_NOT_AN_OBJECT: Final = (
    "The body is missing or not a JSON object: send one, with Content-Type: application/json."
)
_MAX_CHARSET_CHARACTERS: Final = 40
_MAX_LENGTH_DIGITS: Final = 18


def content_type(headers: Mapping[bytes, bytes]) -> tuple[str, str | None]:
    """Media type and charset that a request declares; "" and None if it declares none."""
    value = headers.get(b"content-type", b"").decode("latin-1")
    if value in ("", JSON):
        return value, None
    media_type, options = parse_options_header(value)
    charset = options.get(b"charset")
    return media_type.decode("latin-1"), charset.decode("latin-1") if charset else None


def is_json(media_type: str) -> bool:
    """Whether a media type is JSON or based on it, such as application/ld+json."""
    return media_type == JSON or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def refuse_compressed(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a compressed body, because its decompressed size is unlimited."""
    if headers.get(b"content-encoding", b"").strip().lower() not in (b"", b"identity"):
        raise UnsupportedMediaType("Send the body uncompressed, without Content-Encoding.")


def codec_of(charset: str) -> str | None:
    """Python's codec for a charset; None if it is not a known text encoding."""
    try:
        codec = codecs.lookup(charset[:_MAX_CHARSET_CHARACTERS]).name
    except (LookupError, ValueError):  # ValueError: a NUL
        return None
    return codec if _CHARSET.fullmatch(codec) else None


async def _read(request: Request, declared: bytes, limit: int) -> bytes:
    """The body, of at most `limit` bytes; raises `PayloadTooLarge` without reading the rest."""
    if declared.isdigit() and (len(declared) > _MAX_LENGTH_DIGITS or int(declared) > limit):
        raise too_large(limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def too_large(limit: int) -> PayloadTooLarge:
    """The error for a JSON body above `limit` bytes."""
    return PayloadTooLarge(
        f"The body is too large: this route takes at most {limit} bytes of JSON. Send less in "
        "one request.",
        limit_bytes=limit,
    )


async def read(request: Request, limit: int) -> bytes:
    """Read a JSON body, converted to UTF-8.

    Raises:
        SamoError: The body is too large, or of another type or encoding.
    """
    headers = dict(request.scope["headers"])
    refuse_compressed(headers)
    media_type, charset = content_type(headers)
    if media_type and not is_json(media_type):
        raise UnsupportedMediaType("Send a JSON object, with Content-Type: application/json.")
    body = await _read(request, headers.get(b"content-length", b""), limit)
    if not media_type:
        raise InvalidRequest(_NOT_AN_OBJECT)
    if charset is not None or body.startswith(codecs.BOM_UTF8):
        body = _utf8(body, charset or "utf-8")
    return body


def parse_object(body: bytes, max_tokens: int = limits.MAX_JSON_TOKENS) -> dict[str, Any]:
    """Parse the JSON object in a body with at most `max_tokens` brackets, commas and colons.

    Raises:
        SamoError: The body is not a JSON object, or has too many values.
    """
    if not body.strip():
        raise InvalidRequest(_NOT_AN_OBJECT)
    _refuse_many_values(body, max_tokens)
    # pydantic's parser does not hit Python's recursion limit, and refuses lone surrogates
    try:
        document = pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise _malformed(body, str(error)) from None
    if not isinstance(document, dict):
        raise InvalidRequest(_NOT_AN_OBJECT)
    if len(document) > limits.MAX_JSON_FIELDS:
        raise InvalidRequest(
            f"The body has {len(document)} fields; no route has as many.",
            max_fields=limits.MAX_JSON_FIELDS,
        )
    _refuse_repeated_names(body, document)
    return document


def _refuse_many_values(body: bytes, max_tokens: int) -> None:
    """Refuse a body with more values than any request has, before they are parsed into objects."""
    # Counting is fast but includes tokens inside strings; if they are too many, find the strings.
    tokens = sum(map(body.count, (b",", b":", b"[", b"{")))
    if tokens <= max_tokens and body.count(b'"') <= 2 * max_tokens:
        return
    outside, strings = _STRING.subn(b"", body, count=max_tokens)
    if strings == max_tokens or len(outside.translate(None, b" \t\r\n")) > max_tokens:
        raise MalformedRequest(
            "The body has more values, or is nested more deeply, than any request of this API."
        )


def _utf8(body: bytes, charset: str) -> bytes:
    """Convert the body to UTF-8 without a byte order mark."""
    codec = codec_of(charset)
    if codec is None:
        raise UnsupportedMediaType(
            "The charset in the Content-Type is unknown: send the body as UTF-8."
        )
    if codec == "utf-16" and body[:1] == b"\0":  # no byte order mark; JSON starts with ASCII
        codec = "utf-16-be"
    elif codec == "utf-32" and body[:1] == b"\0":
        codec = "utf-32-be"
    if codec == "utf-8":
        return body.removeprefix(codecs.BOM_UTF8)
    try:
        return body.decode(codec).removeprefix("\ufeff").encode()
    except ValueError:
        raise MalformedRequest(
            "The body is not in the encoding that its Content-Type names: send the body as UTF-8."
        ) from None


def _malformed(body: bytes, reason: str) -> MalformedRequest:
    """The error for invalid JSON; the parser's reason contains no user text."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return MalformedRequest(_SEND_UTF8)
    if b"\0" in body[:4]:  # UTF-16 or UTF-32
        return MalformedRequest(_SEND_UTF8)
    advice = ""
    if reason.startswith("control character"):
        advice = r" Write a line break inside a string as \n, a tab as \t."
    elif "hex escape" in reason:
        advice = (
            r" Half of an emoji (a single \ud83d) is not a character: cut texts between characters."
        )
    return MalformedRequest(f"The body is not valid JSON: {reason}.{advice}")


def _refuse_repeated_names(body: bytes, document: dict[str, Any]) -> None:
    """Refuse an object that contains a name twice; parsers drop all values but the last."""
    if has_repeated_names(body, document):
        raise MalformedRequest(
            "The body is not valid JSON: an object has the same name twice. Send each field once."
        )
