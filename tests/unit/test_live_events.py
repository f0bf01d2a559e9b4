"""What a client may send in a live session, and how a wish is refused by name."""

from __future__ import annotations

import json

import pytest

from samo.live.client_events import Append, EventError, SessionUpdate, parse
from samo.live.config import SessionConfig
from samo.live.server_events import ServerEvent
from tests.conftest import ROOT


def update(**source):
    session = {"type": "transcription", "audio": {"input": source}}
    return json.dumps({"type": "session.update", "event_id": "mine", "session": session})


@pytest.mark.parametrize(
    ("source", "param", "message"),
    [
        ({"turn_detection": {"type": "semantic_vad"}}, "turn_detection.type", "use server_vad"),
        ({"noise_reduction": {"type": "near_field"}}, "noise_reduction", "leave it out"),
        ({"format": {"type": "audio/pcm", "rate": 8000}}, "format.rate", "24000 or 16000"),
        ({"format": {"type": "audio/pcmu", "rate": 16000}}, "format.rate", "8000"),
        ({"format": {"type": "audio/opus"}}, "format.type", "audio/pcmu"),
        ({"transcription": None}, "transcription", "nothing but transcribe"),
        ({"transcription": {"delay": "low"}}, "transcription.delay", "leave it out"),
        ({"transcription": {"language": "klingon"}}, "transcription.language", "language"),
        ({"transcription": {"language": 7}}, "transcription.language", "string"),
        ({"turn_detection": {"type": "server_vad", "threshold": 2}},
         "turn_detection.threshold", "at most 1"),
        ({"turn_detection": {"type": "server_vad", "silence_duration_ms": 100}},
         "turn_detection.silence_duration_ms", "at least 200"),
        ({"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5000}},
         "turn_detection.idle_timeout_ms", "leave it out"),
        ({"echo": "my secret"}, "(unknown field)", "leave it out"),
    ],
)  # fmt: skip
def test_what_is_refused_is_named(source, param, message):
    with pytest.raises(EventError) as caught:
        parse(update(**source))
    error = caught.value
    assert (error.param, error.event_id) == (f"session.audio.input.{param}", "mine")
    assert message in error.message
    assert "secret" not in error.message


@pytest.mark.parametrize("field", ["instructions", "tools", "voice"])
def test_fields_of_conversations_are_named(field):
    message = {"type": "session.update", "session": {"type": "transcription", field: "x"}}
    with pytest.raises(EventError) as caught:
        parse(json.dumps(message))
    assert caught.value.param == f"session.{field}"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"\x00\x01", "invalid_event"),
        ("{", "invalid_event"),
        ("[1]", "invalid_event"),
        ("{}", "unknown_event"),
        ('{"type": {"a": 1}}', "unknown_event"),
        ('{"type": "response.create"}', "unknown_event"),
        ('{"type": "input_audio_buffer.append"}', "invalid_value"),
        ('{"type": "input_audio_buffer.append", "audio": 7}', "invalid_value"),
        ('{"type": "input_audio_buffer.commit", "more": 1}', "invalid_value"),
        ("[" * 100_000, "invalid_event"),
        ('{"type": "session.close", "type": "input_audio_buffer.commit"}', "invalid_event"),
        ('{"type": "session.update", "session": {"type": "", "type": ""}}', "invalid_event"),
    ],
)
def test_malformed_messages(message, code):
    with pytest.raises(EventError) as caught:
        parse(message)
    assert caught.value.code == code


@pytest.mark.parametrize("audio", ["a", "é", "AAA=AAAA", "AA AA"])
def test_audio_must_be_base64(audio):
    event = parse(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
    assert isinstance(event, Append)
    with pytest.raises(EventError, match="base64"):
        event.data()


def test_an_update_changes_what_it_names():
    config = SessionConfig.default()
    for source in (
        {"transcription": {"model": "whisper-1", "language": "English", "prompt": "Ada"}},
        {"format": {"type": "audio/pcmu"}, "turn_detection": None},
        {"transcription": {"keywords": ["Lovelace"]}},
    ):
        event = parse(update(**source))
        assert isinstance(event, SessionUpdate)
        config = config.updated(event.session)
    source = config.as_openai()["audio"]["input"]
    assert source["turn_detection"] is None
    assert source["format"] == {"type": "audio/pcmu", "rate": 8000}
    assert source["transcription"] == {
        "model": "whisper-1", "language": "en", "languages": [], "prompt": "Ada",
        "keywords": ["Lovelace"],
    }  # fmt: skip


def test_the_table_of_events_is_complete():
    rows = (ROOT / "docs" / "live.md").read_text().splitlines()
    table = "".join(line.split("|")[1] for line in rows if line.startswith("| `"))
    kinds = [event.model_fields["type"].default for event in ServerEvent.__subclasses__()]
    assert len(kinds) > 10
    for kind in kinds:
        assert f"`{kind}`" in table or f".{kind.rpartition('.')[2]}`" in table
