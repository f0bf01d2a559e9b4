"""Messages of validation errors: plain words that say what to send, never what was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, field_validator

from runners.text.blank import is_blank
from samo.api import schemas
from samo.api.schemas.trends import TrendsRequest
from samo.api.validation import body_error
from tests.http.errors import error_of

BODIES: dict[str, type[BaseModel]] = {
    "/predict": schemas.PredictRequest,
    "/predict_batch": schemas.PredictBatchRequest,
    "/summarize/text": schemas.SummarizeRequest,
    "/analyze/journal": schemas.JournalRequest,
    "/insights/trends": TrendsRequest,
}
ENTRY = {"date": "2026-01-31", "emotions": {"joy": 0.5}}
SECRET = "my secret"
WRONG: tuple[Any, ...] = (
    None, True, -1, 10**30, 2.5, "", " ", SECRET, "9" * 5_000, [], [SECRET], [[]], {},
    {"type": SECRET}, [ENTRY | {"date": SECRET}], [ENTRY | {"emotions": SECRET}],
    [ENTRY | {"emotions": {"joy": SECRET}}], [ENTRY | {"moods": {"sad": 2}}], [{}],
)  # fmt: skip
# The words of pydantic's own messages, for Python programmers.
PYDANTIC_WORDS = ("Input", "should", "valid dictionary", "after validation", "parse", "Value error")


def messages(response):
    if response.status_code == 200:
        return []
    error = error_of(response, 422)
    assert SECRET not in response.text
    details = error.get("details", {}).get("errors", [])
    return [error["message"], *(problem["message"] for problem in details)]


@pytest.mark.parametrize("path", BODIES)
def test_json_messages_are_plain(client, path):
    required = {"text": "joy", "texts": ["joy"], "entries": [ENTRY]}
    valid = {name: required[name] for name in BODIES[path].model_fields if name in required}
    found = messages(client.post(path, json={}))
    for name in BODIES[path].model_fields:
        for value in WRONG:
            found += messages(client.post(path, json=valid | {name: value}))
    assert len(set(found)) > 5
    assert not [one for one in found if any(word in one for word in PYDANTIC_WORDS)]
    assert not [one for one in found if "is not valid" in one]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/transcribe/voice", "timestamp"),
        ("/transcribe/voice", "language"),
        ("/analyze/voice-journal", "generate_summary"),
        ("/analyze/voice-journal", "emotion_threshold"),
        *(
            ("/v1/audio/transcriptions", field)
            for field in (
                "languages[]", "prompt", "keywords[]", "temperature", "response_format",
                "timestamp_granularities[]", "include[]", "stream", "chunking_strategy[type]",
                "chunking_strategy[threshold]", "chunking_strategy[prefix_padding_ms]",
            )
        ),
    ],
)  # fmt: skip
def test_form_messages_are_plain(client, recording, path, field):
    name = "file" if path.startswith("/v1") else "audio_file"
    found = messages(client.post(path, files={field: (None, SECRET)}))
    server_vad = {"chunking_strategy[type]": "server_vad"} if "chunking" in field else {}
    for value in (SECRET, "-1", "1e9", "9" * 5_000, "{}", "[1]", "x" * 20_001):
        data = server_vad | {field: value}
        found += messages(client.post(path, data=data, files={name: recording}))
    assert found
    assert not [one for one in found if any(word in one for word in PYDANTIC_WORDS)]
    assert not [one for one in found if "is not valid" in one]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/predict_batch", {"texts": []}, "texts: Send at least 1 item."),
        ("/predict_batch", {"texts": ["a"] * 129}, "texts: Send at most 128 items."),
        ("/insights/trends", {"entries": [3]}, "entries.0: Must be a JSON object."),
        ("/predict", {}, "text: This field is required."),
        ("/predict", {"text": 3}, "text: Must be a string."),
        ("/predict", {"text": ""}, "text: Send at least 1 character."),
        ("/predict", {"text": "a", "groupings": 1}, "groupings: Must be true or false."),
        ("/predict", {"text": "a", "top_k": 1.5}, "top_k: Must be a whole number."),
        ("/predict", {"text": "a", "threshold": 2}, "threshold: Must be at most 1."),
        (
            "/summarize/text",
            {"text": "a", "focus": "plot"},
            "focus: Must be 'core', 'feeling' or 'gist'.",
        ),
    ],
)
def test_what_a_message_says(client, path, body, message):
    assert error_of(client.post(path, json=body), 422)["message"] == message


class Careless(BaseModel):
    """A body with a validator that raises Python's own error."""

    count: str

    @field_validator("count")
    @classmethod
    def _is_number(cls, value: str) -> str:
        float(value)  # its message repeats the value
        return value


def test_a_message_of_python_is_not_sent():
    with pytest.raises(ValidationError, match=SECRET) as caught:
        Careless(count=SECRET)
    error = body_error(caught.value, Careless)
    assert error.message == "count: This value is not valid."
    assert SECRET not in json.dumps(error.details)


@pytest.mark.parametrize("text", ["", " \n", "\u200b\u200d\ufeff", "\u0301", "\u20e3", "\ufe0f"])
def test_blank(text):
    assert is_blank(text)


@pytest.mark.parametrize(
    "text", ["a", ".", "\U0001f600", "#\ufe0f\u20e3", "\u0915\u093e", "e\u0301", "\U0001fadf"]
)
def test_not_blank(text):
    assert not is_blank(text)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"entry": "hello"}, "This field does not exist; did you mean `text`"),
        ({"text": "hello", "entry": "hello"}, "This field does not exist"),
        ({"entry": "hello", "journal": "hello"}, "This field does not exist"),
    ],
)
def test_an_unknown_field_may_be_the_missing_one(client, body, message):
    error = error_of(client.post("/analyze/journal", json=body), 422)
    assert error["details"]["errors"][-1] == {"field": "(unknown field)", "message": message}
