"""OpenAI's audio API with the official Python client, against the fake models."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import httpx2  # the client's own version of httpx
import openai
import pytest
from openai.types import audio

from tests.http.errors import error_of
from tests.http.openai_routes import BOTH, TEXT, TRANSCRIPTIONS
from tests.http.test_speech_routes import SILENCE, upload


def assert_type(value: Any, expected: type) -> None:
    """Check the class, which the client selects by what it requested."""
    assert isinstance(value, expected)


def test_json(transcribe):
    result = transcribe()
    assert_type(result, audio.Transcription)
    assert result.text == TEXT
    assert [language.code for language in result.languages] == ["en"]
    assert (result.usage.type, result.usage.seconds) == ("duration", pytest.approx(11.0, abs=0.01))
    assert result.logprobs is None


def test_verbose_json_is_complete(transcribe):
    result = transcribe(response_format="verbose_json", timestamp_granularities=["word", "segment"])
    assert_type(result, audio.TranscriptionVerbose)
    assert (result.language, result.usage.type) == ("english", "duration")
    assert result.duration == pytest.approx(11.0, abs=0.01)
    assert [word.word for word in result.words][:2] == ["I", "felt"]
    (segment,) = result.segments
    assert segment.end == pytest.approx(11.0, abs=0.01)
    # construction does not validate: missing fields would be None
    assert set(audio.TranscriptionSegment.model_fields) == set(segment.model_dump())
    assert None not in segment.model_dump().values()


def test_verbose_json_has_the_granularities_that_are_requested(transcribe):
    for granularities, segments, words in (
        ([], True, False), (["segment"], True, False), (["word"], False, True),
    ):  # fmt: skip
        result = transcribe(response_format="verbose_json", timestamp_granularities=granularities)
        assert (result.segments is not None, result.words is not None) == (segments, words)


def test_verbose_json_of_silence(transcribe):
    result = transcribe(response_format="verbose_json", file=("a.wav", SILENCE))
    assert (result.text, result.segments, result.language) == ("", [], "unknown")


@pytest.mark.parametrize(
    ("response_format", "expected"),
    [
        ("text", f"{TEXT}\n"),
        ("srt", f"1\n00:00:00,000 --> 00:00:11,000\n{TEXT}\n"),
        ("vtt", f"WEBVTT\n\n00:00:00.000 --> 00:00:11.000\n{TEXT}\n"),
    ],
)
def test_texts(transcribe, response_format, expected):
    assert transcribe(response_format=response_format) == expected


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_translations(openai_client, recording):
    translate = openai_client.audio.translations.create
    file = ("a.flac", io.BytesIO(recording))
    assert translate(model="whisper-1", file=file).text == TEXT
    result = translate(model="x", file=("a", recording), response_format="verbose_json")
    assert (result.language, result.duration) == ("english", pytest.approx(11.0, abs=0.01))
    assert result.segments[0].text.strip() == result.text
    captions = translate(
        model="x", file=("a", recording), response_format="srt", temperature=0, prompt="A diary."
    )
    assert captions.startswith("1\n00:00:00,000 -->")


def test_the_async_client(client, recording):
    async def scenario():
        transport = httpx2.ASGITransport(client.app)
        async with (
            httpx2.AsyncClient(transport=transport) as http,
            openai.AsyncOpenAI(
                api_key="none", base_url="http://testserver/v1", http_client=http, max_retries=0
            ) as api,
        ):
            create = api.audio.transcriptions.create
            result = await create(model="gpt-transcribe", file=("a.flac", recording))
            stream = await create(model="x", file=("a.flac", recording), stream=True)
            return result.text, [event async for event in stream]

    text, events = asyncio.run(scenario())
    assert text == events[-1].text == TEXT


def test_a_stream(transcribe):
    *deltas, done = transcribe(stream=True)
    assert [event.type for event in deltas] == ["transcript.text.delta"] * 6
    for event in deltas:
        assert_type(event, audio.TranscriptionTextDeltaEvent)
    assert_type(done, audio.TranscriptionTextDoneEvent)
    assert "".join(event.delta for event in deltas) == done.text == TEXT
    assert [language.code for language in done.languages] == ["en"]
    assert done.usage.seconds == pytest.approx(11.0, abs=0.01)
    assert done.logprobs is None


def test_a_stream_of_silence(transcribe):
    (event,) = transcribe(stream=True, file=("a.wav", SILENCE))
    assert (event.type, event.text) == ("transcript.text.done", "")


@pytest.mark.parametrize("path", BOTH)
def test_a_stream_is_server_sent_events(client, recording, path):
    response = upload(client, path, recording, "file", stream="true")
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-request-id"]
    blocks = response.text.split("\n\n")
    assert blocks.pop() == ""
    assert all(json.loads(block.removeprefix("data: "))["type"] for block in blocks)


def test_a_failure_within_a_stream_is_an_error_event(transcribe):
    with pytest.raises(openai.APIError) as caught:
        list(transcribe(stream=True, prompt="crash"))
    assert caught.value.code == "model_failure"
    assert caught.value.type == "server_error"
    body: Any = caught.value.body
    assert body["request_id"]


def test_a_failure_after_the_first_words_keeps_them(client, recording):
    response = upload(client, TRANSCRIPTIONS, recording, "file", stream="true", prompt="crash")
    events = [json.loads(block[6:]) for block in response.text.split("\n\n")[:-1]]
    assert [event["type"] for event in events] == ["transcript.text.delta"] * 2 + ["error"]


def test_what_is_refused_before_a_stream_has_its_status(client, transcribe):
    with pytest.raises(openai.APIStatusError) as caught:
        list(transcribe(stream=True, file=("a.wav", b"hello")))
    assert caught.value.status_code == 415
    for response_format in ("srt", "vtt", "verbose_json"):
        fields = {"stream": "true", "response_format": response_format}
        error = error_of(upload(client, TRANSCRIPTIONS, SILENCE, "file", **fields), 422)
        assert error["param"] == "stream"


def test_logprobs(transcribe):
    result = transcribe(include=["logprobs"])
    assert b"".join(bytes(map(int, one.bytes)) for one in result.logprobs).strip().decode() == TEXT
    assert all(one.logprob <= 0 and one.token for one in result.logprobs)
    *deltas, done = transcribe(include=["logprobs"], stream=True)
    tokens = [one.token for event in deltas for one in event.logprobs]
    assert tokens == [one.token for one in done.logprobs]


@pytest.mark.parametrize(
    ("options", "exception"),
    [
        ({"temperature": 2}, openai.UnprocessableEntityError),
        ({"response_format": "diarized_json"}, openai.UnprocessableEntityError),
        ({"file": ("a.wav", b"hello")}, openai.APIStatusError),
    ],
)
def test_the_official_client_raises_its_own_exceptions(transcribe, options, exception):
    with pytest.raises(exception) as caught:
        transcribe(**options)
    error: Any = caught.value
    assert error.type == "invalid_request_error"
    assert error.code
    assert error.body["request_id"] == error.request_id
    assert error.body["message"]


def test_other_errors_have_openais_form(client):
    assert error_of(client.post("/v1/v1/nope"), 404)["type"] == "invalid_request_error"
    assert error_of(client.get(TRANSCRIPTIONS), 405)["param"] is None
    error_of(client.post(TRANSCRIPTIONS, content=b"x", headers={"content-type": "a/b"}), 415)
    malformed = {"content-type": "multipart/form-data; boundary=b"}
    error_of(client.post(TRANSCRIPTIONS, content=b"--x\r\n", headers=malformed), 400)
    error_of(upload(client, TRANSCRIPTIONS, bytes(27 * 1024 * 1024), "file"), 413)
    # our own routes keep the project's form
    assert set(error_of(client.get("/nope"), 404)) == {"code", "message", "details", "request_id"}


def test_the_list_of_models(openai_client):
    listed = [model.id for model in openai_client.models.list()]
    assert {"whisper-1", "gpt-transcribe", "fake"} <= set(listed)
    for name in listed:
        model = openai_client.models.retrieve(name)
        assert (model.id, model.object, model.owned_by) == (name, "model", "samo")
        assert model.created > 1_700_000_000
    with pytest.raises(openai.NotFoundError) as caught:
        openai_client.models.retrieve("gpt-99/large")
    assert caught.value.code == "model_not_found"
