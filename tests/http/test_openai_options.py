"""The options of OpenAI's audio API: what its client sends, other spellings, what is refused."""

from __future__ import annotations

import pytest

from samo import languages, limits
from tests.http.errors import error_of
from tests.http.openai_routes import BOTH, TEXT, TRANSCRIPTIONS
from tests.http.test_speech_routes import upload

SPEAKERS = "Speakers are not distinguished here"


def verbose(client, recording, *fields):
    """Verbose JSON with `fields`, which are names and values."""
    files = [(name, (None, value)) for name, value in fields]
    given = [("file", ("a.flac", recording)), ("response_format", (None, "verbose_json")), *files]
    return client.post(TRANSCRIPTIONS, files=given)


@pytest.mark.parametrize(
    "lists",
    [
        {"keywords": [f"name {number}" for number in range(limits.MAX_KEYWORDS)]},
        {"languages": languages.CODES},
        {"keywords": ["Ana"] * 70, "timestamp_granularities": ["word", "segment"]},
    ],
    ids=["keywords", "languages", "repeated keywords"],
)
def test_the_longest_lists_are_accepted_as_openais_client_sends_them(transcribe, lists):
    assert transcribe(response_format="verbose_json", extra_body=lists).text == TEXT


def test_one_keyword_too_many_is_refused(client, recording):
    keywords = [("keywords[]", f"name {number}") for number in range(limits.MAX_KEYWORDS + 1)]
    fields = [(name, (None, value)) for name, value in keywords]
    error = error_of(client.post(TRANSCRIPTIONS, files=[("file", recording), *fields]), 422)
    assert error["message"] == "keywords[]: Send at most 100 items."


@pytest.mark.parametrize(
    "options",
    [
        {"prompt": "Names: Ana", "keywords": ["Ana", "Ms Quilter"], "temperature": 0.4},
        {"languages": ["en", "de"]},
        {"chunking_strategy": "auto"},
        {"chunking_strategy": {"type": "server_vad"}},
        {
            "chunking_strategy": {
                "type": "server_vad",
                "threshold": 0.6,
                "prefix_padding_ms": 300,
                "silence_duration_ms": 500,
            }
        },
    ],
)
def test_parameters_that_the_official_client_sends(transcribe, options):
    assert transcribe(**options).text == TEXT


def test_any_model(transcribe):
    for name in ("gpt-4o-transcribe", "gpt-4o-mini-transcribe-2025-12-15", "base", ""):
        assert transcribe(model=name).text == TEXT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chunking_strategy", "server_vad"), ("chunking_strategy", " AUTO "),
        ("chunking_strategy", '{"type": "server_vad", "threshold": 0.3}'),
        ("chunking_strategy[type]", "server_vad"), ("temperature", "0.5"), ("temperature", " 1 "),
        ("keywords", '["Ana", "Bo"]'), ("keywords[0]", "Ana"), ("hotwords", "Ana, Bo"),
        ("initial_prompt", "A diary."), ("include", "logprobs"), ("include[0]", "logprobs"),
        ("language", "auto"), ("language", "English"), ("model", " "),
        ("response_format", "JSON"), ("stream", "False"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", BOTH)
def test_spellings_of_other_clients(client, recording, path, field, value):
    response = upload(client, path, recording, "file", **{field: value})
    assert (response.status_code, response.json()["text"]) == (200, TEXT)


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        ({"response_format": "diarized_json"}, "response_format", SPEAKERS),
        ({"known_speaker_names[]": "Ana"}, "known_speaker_names", SPEAKERS),
        ({"known_speaker_references[0]": "data:"}, "known_speaker_references", SPEAKERS),
        ({"diarize": "true"}, "diarize", SPEAKERS),
        ({"response_format": "xml"}, "response_format", "verbose_json"),
        ({"temperature": "1.1"}, "temperature", "at most 1"),
        ({"temperature": "-0.1"}, "temperature", "at least 0"),
        ({"temperature": "warm"}, "temperature", "number"),
        ({"include[]": "words"}, "include[].0", "logprobs"),
        ({"include[]": "logprobs", "response_format": "text"}, "include[]", "json"),
        ({"timestamp_granularities[]": "word"}, "timestamp_granularities[]", "verbose_json"),
        ({"chunking_strategy": "none at all"}, "chunking_strategy", "server_vad"),
        ({"chunking_strategy": "{}"}, "chunking_strategy", "type: This field is required"),
        ({"chunking_strategy[type]": "semantic_vad"}, "chunking_strategy", "server_vad"),
        ({"chunking_strategy[threshold]": "0.5"}, "chunking_strategy", "type: This field is req"),
        (
            {"chunking_strategy": '{"type": "server_vad", "threshold": 2}'},
            "chunking_strategy",
            "threshold: Must be at most 1",
        ),
        (
            {"chunking_strategy": '{"type": "server_vad", "silence_duration_ms": 10}'},
            "chunking_strategy",
            "silence_duration_ms: Must be at least 200",
        ),
        ({"chunking_strategy": '{"type": "server_vad", "secret": 1}'}, "chunking_strategy", "auto"),
        ({"language": "xx"}, "language", "ISO 639-1"),
        ({"prompt": "a" * 20_001}, "prompt", "20000"),
        ({"file_url": "http://x"}, None, "does not exist"),
        ({"task": "translate"}, "task", "does not support"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_by_name(client, recording, fields, param, message):
    response = upload(client, TRANSCRIPTIONS, recording, "file", **fields)
    error = error_of(response, 422)
    assert error["param"] == param
    assert message in error["message"]
    assert error["type"] == "invalid_request_error"
    assert "secret" not in response.text


def test_languages(client, recording, transcribe):
    assert verbose(client, recording, ("languages[]", "de")).json()["language"] == "german"
    for several in ("", "en,de", '["en", "de"]'):
        response = verbose(client, recording, ("languages", several))
        assert response.json()["language"] == "english"
    for fields in (
        [("languages[]", "de"), ("language", "en")],
        [("language", "de"), ("language", "en")],
        [("languages[]", "de"), ("languages[]", "xx")],
    ):
        assert error_of(verbose(client, recording, *fields), 422)["param"].startswith("language")
