"""Limits of request bodies by path; a refused body is not read further."""

from __future__ import annotations

import asyncio
from typing import Any

import pydantic_core
import pytest
from starlette.requests import Request

from runners.errors import (
    InvalidRequest,
    MalformedRequest,
    PayloadTooLarge,
    SamoError,
    UnsupportedMediaType,
)
from samo import limits
from samo.api import forms, json_body
from samo.api.form_fields import FormFields
from samo.options import parse_integer, parse_list, parse_number


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/predict", limits.MAX_JSON_BYTES),
        ("/predict/", limits.MAX_JSON_BYTES),
        ("//analyze//journal", limits.MAX_JSON_BYTES),
        ("/summarize/text", limits.MAX_JSON_BYTES),
        ("/predict_batch", limits.MAX_BATCH_JSON_BYTES),
        ("/insights/trends", limits.MAX_TRENDS_JSON_BYTES),
        ("/transcribe/voice", limits.MAX_FORM_BYTES),
        ("/analyze/voice-journal/", limits.MAX_FORM_BYTES),
        ("/v1/audio/transcriptions", limits.MAX_FORM_BYTES),
        ("/v1/audio/translations", limits.MAX_FORM_BYTES),
        ("/health", limits.MAX_IGNORED_BODY_BYTES),
        ("/", limits.MAX_IGNORED_BODY_BYTES),
        ("", limits.MAX_IGNORED_BODY_BYTES),
        ("/nope", limits.MAX_FORM_BYTES),
    ],
)
def test_the_largest_body_of_a_path(path, limit):
    assert limits.max_body_bytes(path) == limit


def test_the_largest_texts_fit_into_the_largest_bodies():
    # an emoji, escaped as json.dumps does, has the most bytes per character
    escaped = len(r"\ud83d\ude00")
    assert limits.MAX_TEXT_CHARACTERS * escaped < limits.MAX_JSON_BYTES
    assert limits.MAX_BATCH_CHARACTERS * escaped < limits.MAX_BATCH_JSON_BYTES


def read(body, limit=limits.MAX_JSON_BYTES, chunk=65_536, **headers):
    """The object in `body`, and the bytes that were taken from the connection."""
    chunks = [body[i : i + chunk] for i in range(0, len(body), chunk)] or [b""]
    taken = 0

    async def receive():
        nonlocal taken
        piece = chunks.pop(0)
        taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": bool(chunks)}

    raw = {"content-type": "application/json", **headers}
    scope = {
        "type": "http",
        "headers": [(name.replace("_", "-").encode(), v.encode()) for name, v in raw.items()],
    }
    try:
        received = asyncio.run(json_body.read(Request(scope, receive), limit))
        return json_body.parse_object(received), taken
    except SamoError as error:
        return error, taken


def test_a_large_body_is_not_read_to_its_end():
    error, taken = read(b"[" * 10_000_000)
    assert isinstance(error, PayloadTooLarge)
    assert error.details == {"limit_bytes": limits.MAX_JSON_BYTES}
    assert taken <= limits.MAX_JSON_BYTES + 65_536


@pytest.mark.parametrize("declared", ["10000000", "9" * 5_000])
def test_a_declared_large_body_is_not_read_at_all(declared):
    error, taken = read(b"{}", content_length=declared)
    assert isinstance(error, PayloadTooLarge)
    assert taken == 0


@pytest.mark.parametrize(
    "body",
    [
        b'{"texts":[[' + b",".join([b"{}"] * 800_000) + b"]]}",
        b'{"texts":[' + b",".join([b'""'] * 800_000) + b"]}",
        b"[" + b"0," * 1_000_000 + b"0]",
        b'\\"\\\\"' * 400_000,
        b'"' + b'a"' * 1_000_000,
    ],
    ids=["objects", "strings", "numbers", "odd quotes", "quotes"],
)
def test_a_body_of_too_many_values_is_not_parsed(body, monkeypatch):
    monkeypatch.setattr(pydantic_core, "from_json", None)
    error, _ = read(body, limit=limits.MAX_BATCH_JSON_BYTES)
    assert isinstance(error, MalformedRequest)


def test_texts_may_hold_as_many_marks_as_they_like():
    for text in (r"\"" * 9_000, "[{,:" * 5_000, r"\\" * 9_000):
        given, _ = read(b'{"text": "%s"}' % text.encode())
        assert set(given) == {"text"}


def test_many_unknown_fields_are_refused_without_validating_each():
    body = b'{"text":"x",' + b",".join(b'"%x":0' % i for i in range(2_000)) + b"}"
    error, _ = read(body)
    assert isinstance(error, InvalidRequest)
    assert len(error.message) < 200


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "audio/wav"])
def test_a_body_that_no_route_takes_is_not_read(content_type):
    async def receive():
        raise AssertionError("read")

    headers = [(b"content-type", content_type.encode())]
    request = Request({"type": "http", "headers": headers}, receive)
    with pytest.raises(UnsupportedMediaType):
        asyncio.run(json_body.read(request, limits.MAX_JSON_BYTES))
    with pytest.raises(UnsupportedMediaType):
        asyncio.run(forms.read(request, FormFields("file", {})))


def test_numbers_in_quotes():
    assert (parse_number("0.5"), parse_number(" 1e-1 "), parse_number(".5")) == (0.5, 0.1, 0.5)
    assert (parse_integer("3"), parse_integer(3.0), parse_integer("3.0")) == (3, 3, 3)
    odd: Any
    for odd in ("nan", "inf", "1_0", "0x1", "١", "5" * 99, "", "1e9999", True, None, [], 3.5):
        assert parse_number(odd) is odd
    assert parse_integer(float("inf")) == float("inf")


@pytest.mark.parametrize(
    "values",
    [
        ["word,segment"],
        ["Word", " segment "],
        ['["word", "segment"]'],
        ["['word','segment']"],
        ["word segment"],
        ["word,,segment,word"],
    ],
)
def test_a_list_in_a_form(values):
    assert parse_list(values) == ["word", "segment"]
    assert parse_list(["[]", "", "null"]) == []
    assert parse_list(["word;segment"]) == ["word;segment"]
