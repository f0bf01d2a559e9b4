"""Read JSON bodies: how many bytes, in which encoding, and what is wrong with one that is no JSON.

A body is refused before it costs anything: one that is too large before it is read to its end, and
one with too many fields before each of them is validated.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any, Final

import pydantic_core
from fastapi import Request
from python_multipart.multipart import parse_options_header

from runners.errors import InvalidRequest, MalformedRequest, PayloadTooLarge, UnsupportedMediaType
from samo import limits

JSON: Final = "application/json"
# Encodings of text that clients declare; Python's codecs hold others that are none (hex, idna).
_CHARSET: Final = re.compile(
    r"ascii|utf-(8|16|32)(-[bl]e)?|iso8859-\d+|latin\d*|cp\d+|koi8-[rtu]|mac-[a-z]+|gbk|gb2312"
    r"|gb18030|big5|shift_jis|euc_(jp|kr)"
)
# possessive: what is no JSON costs no more than what is
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_SEND_UTF8: Final = (
    "The body is not in UTF-8: send the body as UTF-8, or name its encoding in the header, as in "
    "Content-Type: application/json; charset=iso-8859-1."
)
_NO_OBJECT: Final = (
    "The body is missing or no JSON object: send one, with Content-Type: application/json."
)
_MAX_CHARSET_CHARACTERS: Final = 40
_MAX_LENGTH_DIGITS: Final = 18


def content_type(headers: Mapping[bytes, bytes]) -> tuple[str, str | None]:
    """Media type and charset that a request declares; "" where it declares none."""
    given = headers.get(b"content-type", b"").decode("latin-1")
    if given in ("", JSON):
        return given, None
    media_type, options = parse_options_header(given)
    charset = options.get(b"charset")
    return media_type.decode("latin-1"), charset.decode("latin-1") if charset else None


def is_json(media_type: str) -> bool:
    """Whether a media type is JSON, or a format built on it such as application/ld+json."""
    return media_type == JSON or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def refuse_compressed(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a compressed body: what it expands to has no bound."""
    if headers.get(b"content-encoding", b"").strip().lower() not in (b"", b"identity"):
        raise UnsupportedMediaType("Send the body uncompressed, without Content-Encoding.")


def codec_of(charset: str) -> str | None:
    """Python's codec for a charset; None where it is no text encoding that is known here."""
    try:
        codec = codecs.lookup(charset[:_MAX_CHARSET_CHARACTERS]).name
    except (LookupError, ValueError):  # ValueError: a NUL
        return None
    return codec if _CHARSET.fullmatch(codec) else None


async def _read(request: Request, declared: bytes, limit: int) -> bytes:
    """The body, of at most `limit` bytes; raises `PayloadTooLarge` without reading on."""
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
        f"The body is too large: this route reads {limit} bytes of JSON. Send the texts in several "
        "requests.",
        limit_bytes=limit,
    )


async def read_object(request: Request, limit: int) -> dict[str, Any]:
    """The JSON object in the body; raises a `SamoError` that says why there is none."""
    headers = dict(request.scope["headers"])
    refuse_compressed(headers)
    media_type, charset = content_type(headers)
    if media_type and not is_json(media_type):
        raise UnsupportedMediaType("Send a JSON object, with Content-Type: application/json.")
    body = await _read(request, headers.get(b"content-length", b""), limit)
    if not media_type:
        raise InvalidRequest(_NO_OBJECT)
    if charset is not None or body.startswith(codecs.BOM_UTF8):
        body = _utf8(body, charset or "utf-8")
    if not body.strip():
        raise InvalidRequest(_NO_OBJECT)
    _refuse_many_values(body)
    # pydantic's parser has no recursion limit of Python's to run into, and takes no lone surrogates
    try:
        given = pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise _malformed(body, str(error)) from None
    if not isinstance(given, dict):
        raise InvalidRequest(_NO_OBJECT)
    if len(given) > limits.MAX_JSON_FIELDS:
        raise InvalidRequest(
            f"The body has {len(given)} fields, which are more than this route knows.",
            max_fields=limits.MAX_JSON_FIELDS,
        )
    _refuse_repeated_names(body, given)
    return given


def _refuse_many_values(body: bytes) -> None:
    """Refuse a body of more values than any request has, before each becomes an object."""
    if len(body) <= limits.MAX_JSON_MARKS:
        return
    most = limits.MAX_JSON_MARKS
    outside, strings = _STRING.subn(b"", body, count=most)
    if strings == most or len(outside.translate(None, b" \t\r\n")) > most:
        raise MalformedRequest(
            "The body holds more values, or is nested deeper, than any request of this API."
        )


def _utf8(body: bytes, charset: str) -> bytes:
    """The body in UTF-8 and without a byte order mark."""
    codec = codec_of(charset)
    if codec is None:
        raise UnsupportedMediaType(
            "The charset that the Content-Type names is not known here: send the body as UTF-8."
        )
    if codec == "utf-16" and body[:1] == b"\0":  # no byte order mark, and JSON begins with ASCII
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
    """The error for a body that is no JSON; the reason holds no text of the user's."""
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
            r" Half of an emoji (\ud83d by itself) is no character: cut texts between characters."
        )
    return MalformedRequest(f"The body is no valid JSON: {reason}.{advice}")


class _RepeatedNameError(Exception):
    """An object has a name twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _RepeatedNameError
    return made


def _refuse_repeated_names(body: bytes, given: dict[str, Any]) -> None:
    """Refuse an object with a name twice: parsers keep the last value, and lose the first."""
    # a quick search first, which texts can mislead; then the exact, slower one
    if all(body.count(b'"%s"' % name.encode()) <= 1 for name in given):
        return
    try:
        json.loads(body, object_pairs_hook=_once)
    except _RepeatedNameError:
        raise MalformedRequest(
            "The body is no valid JSON: an object has the same name twice. Send each field once."
        ) from None
    except (ValueError, RecursionError):  # the first parser was content
        return
