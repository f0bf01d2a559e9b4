"""Clients of OpenAI's audio API against `samo serve` with the real models."""

from __future__ import annotations

import asyncio
import io
import json
import re
import subprocess
import time
from itertools import pairwise
from typing import Any

import numpy as np
import openai
import pytest

from samo.audio import decode
from tests import recordings
from tests.conftest import RECORDING
from tests.e2e import node

pytestmark = pytest.mark.models

PHRASE = "what you can do for your country"
# Two windows of Whisper, so that the first part of the text is final long before the last.
REPEATS = 4
FORMATS = ("json", "text", "srt", "vtt", "verbose_json")


@pytest.fixture(scope="module")
def base_url(server):
    return f"{str(server.base_url).rstrip('/')}/v1"


@pytest.fixture(scope="module")
def api(base_url):
    with openai.OpenAI(api_key="none", base_url=base_url, max_retries=0, timeout=120) as client:
        yield client


@pytest.fixture(scope="module")
def long_recording(recording):
    """44 seconds of speech with pauses, in 16-bit WAV."""
    samples = np.concatenate([decode(recording).samples, np.zeros(16_000, np.float32)] * REPEATS)
    return recordings.wav((samples * 32_767).astype("<i2"), channels=1)


def plain(text):
    return re.sub(r"[^a-z ]", "", text.lower())


def assert_in_order(spans, duration):
    assert all(0 <= one.start < one.end <= duration for one in spans)
    assert all(first.end <= second.start for first, second in pairwise(spans))


def test_every_format(api):
    results = {
        name: api.audio.transcriptions.create(
            model="whisper-1", file=RECORDING, response_format=name
        )
        for name in FORMATS
    }
    texts = {name: getattr(result, "text", result) for name, result in results.items()}
    assert all(PHRASE in plain(text) for text in texts.values())
    assert results["text"].strip() == results["json"].text == results["verbose_json"].text
    assert results["srt"].startswith("1\n00:00:00,")
    assert results["vtt"].startswith("WEBVTT\n\n00:00:00.")
    assert results["json"].usage.seconds == pytest.approx(11.0, abs=0.01)
    assert [language.code for language in results["json"].languages] == ["en"]


def test_verbose_json_has_whispers_statistics(api):
    result = api.audio.transcriptions.create(
        model="whisper-1",
        file=RECORDING,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert_in_order(result.segments, result.duration)
    assert_in_order(result.words, result.duration)
    assert " ".join(word.word for word in result.words) == result.text
    for segment in result.segments:
        assert -1 < segment.avg_logprob < 0
        assert 0 < segment.compression_ratio < 2.4
        assert 0 <= segment.no_speech_prob < 0.6
        assert segment.tokens
    assert (result.language, result.segments[0].seek) == ("english", 0)


def test_logprobs_are_of_the_tokens_of_the_text(api):
    result = api.audio.transcriptions.create(
        model="whisper-1", file=RECORDING, include=["logprobs"]
    )
    tokens = [bytes(map(int, one.bytes)) for one in result.logprobs]
    assert b"".join(tokens).decode().strip() == result.text
    assert [token.decode() for token in tokens] == [one.token for one in result.logprobs]
    logprobs = [one.logprob for one in result.logprobs]
    assert all(value <= 0 for value in logprobs)
    assert -1 < np.mean(logprobs) < -0.01


def test_the_async_client(base_url):
    async def scenario():
        async with openai.AsyncOpenAI(api_key="none", base_url=base_url, max_retries=0) as client:
            create = client.audio.transcriptions.create
            stream = await create(model="whisper-1", file=RECORDING, stream=True)
            return [event async for event in stream]

    *deltas, done = asyncio.run(scenario())
    assert "".join(event.delta for event in deltas) == done.text
    assert PHRASE in plain(done.text)


def test_a_stream_arrives_while_the_rest_is_transcribed(api, long_recording):
    start = time.perf_counter()
    events = [
        (time.perf_counter() - start, event)
        for event in api.audio.transcriptions.create(
            model="whisper-1", file=("a.wav", long_recording), stream=True, include=["logprobs"]
        )
    ]
    (first_seconds, first), *_, (total_seconds, done) = events
    assert len(events) >= 3
    assert first.type == "transcript.text.delta"
    assert PHRASE in plain(first.delta)
    assert first_seconds < 0.8 * total_seconds
    assert "".join(event.delta for _, event in events[:-1]) == done.text
    assert plain(done.text).count(PHRASE) >= REPEATS - 1
    tokens = [token for _, event in events[:-1] for token in event.logprobs]
    assert len(tokens) == len(done.logprobs)
    whole = api.audio.transcriptions.create(model="whisper-1", file=("a.wav", long_recording))
    assert whole.text == done.text


def test_a_stream_stops_computing_when_the_client_leaves(server, api, long_recording):
    with api.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", long_recording), stream=True
    ) as stream:
        next(iter(stream))
    closed = 'samo_requests_total{route="/v1/audio/transcriptions",status="499"} 1.0'
    deadline = time.monotonic() + 20
    while closed not in server.get("/metrics").text and time.monotonic() < deadline:
        time.sleep(0.2)
    assert closed in server.get("/metrics").text


def test_chunks_end_at_pauses_of_the_requested_length(api, long_recording):
    events = list(
        api.audio.transcriptions.create(
            model="whisper-1",
            file=("a.wav", long_recording),
            stream=True,
            chunking_strategy={"type": "server_vad", "silence_duration_ms": 900},
        )
    )
    assert len(events) - 1 >= REPEATS
    assert plain(events[-1].text).count(PHRASE) >= REPEATS - 1


def test_a_threshold_of_one_detects_no_speech(api):
    result = api.audio.transcriptions.create(
        model="whisper-1",
        file=RECORDING,
        chunking_strategy={"type": "server_vad", "threshold": 1.0},
    )
    assert (result.text, result.languages) == ("", [])


def test_a_temperature_samples(api):
    texts = {
        api.audio.transcriptions.create(model="whisper-1", file=RECORDING, temperature=1.0).text
        for _ in range(4)
    }
    assert len(texts) > 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_translation(api, speech_data):
    german = decode((speech_data / "azure" / "de_training_audio1.wav").read_bytes()).samples
    clip = recordings.wav((german[: 10 * 16_000] * 32_767).astype("<i2"), channels=1)
    result = api.audio.translations.create(
        model="whisper-1", file=("a.wav", io.BytesIO(clip)), response_format="verbose_json"
    )
    assert result.language == "english"
    assert {"the", "and"} & set(plain(result.text).split())


def test_typed_exceptions(api):
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        api.audio.transcriptions.create(
            model="whisper-1", file=RECORDING, response_format="diarized_json"
        )
    body: Any = refused.value.body
    assert (refused.value.param, body["param"]) == ("response_format", "response_format")
    assert body["request_id"] == refused.value.request_id
    with pytest.raises(openai.NotFoundError):
        api.models.retrieve("gpt-99")


@pytest.fixture(scope="module")
def javascript(base_url):
    """The responses that two JavaScript clients received."""
    node.install()
    run = subprocess.run(
        ["node", "clients.mjs", base_url, RECORDING], cwd=node.CLIENTS, env=node.environment(),
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_the_official_javascript_client(javascript):
    text = javascript["json"]["text"]
    assert PHRASE in plain(text)
    assert javascript["text"].strip() == javascript["verbose"]["text"] == text
    assert javascript["srt"].startswith("1\n")
    assert javascript["vtt"].startswith("WEBVTT")
    assert PHRASE in plain(javascript["chunked"]["text"])
    assert javascript["json"]["logprobs"]
    assert {"segments", "words"} <= javascript["verbose"].keys()
    *deltas, done = javascript["events"]
    assert "".join(event["delta"] for event in deltas) == done["text"] == text
    assert {"whisper-1", "gpt-transcribe"} <= set(javascript["models"])


def test_the_official_javascript_client_throws_its_own_errors(javascript):
    refused, unknown = javascript["refused"], javascript["unknownModel"]
    assert (refused["name"], refused["status"]) == ("UnprocessableEntityError", 422)
    assert (refused["param"], refused["type"]) == ("response_format", "invalid_request_error")
    assert refused["requestID"]
    assert (unknown["name"], unknown["code"]) == ("NotFoundError", "model_not_found")


def test_vercels_ai_sdk(javascript):
    for name in ("vercel", "vercelOptions", "vercelVerbose"):
        assert PHRASE in plain(javascript[name]["text"])
        assert javascript[name]["durationInSeconds"] == pytest.approx(11.0, abs=0.01)
    assert javascript["vercelVerbose"]["language"] == "en"
    assert javascript["vercelVerbose"]["segments"][0]["endSecond"] > 0


def test_speech_recognition(base_url, monkeypatch):
    speech_recognition = pytest.importorskip("speech_recognition")
    monkeypatch.setenv("OPENAI_BASE_URL", base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    samples = (decode(RECORDING.read_bytes()).samples * 32_767).astype("<i2")
    audio = speech_recognition.AudioData(samples.tobytes(), 16_000, 2)
    text = speech_recognition.Recognizer().recognize_openai(
        audio, model="whisper-1", language="en", prompt="A speech.", temperature=0
    )
    assert PHRASE in plain(text)
