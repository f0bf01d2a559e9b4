"""The exported transcriber writes nothing where nobody speaks."""

from __future__ import annotations

import numpy as np
import pytest

from runners.transcriber.plausibility import MAX_COMPRESSION_RATIO
from runners.transcriber.transcriber import SAMPLE_RATE
from samo.audio import decode
from tests.integration.transcripts import (
    assert_golden,
    load,
    transcribe,
)

pytestmark = pytest.mark.models


@pytest.mark.parametrize("name", ["sb_noise1", "sb_noise5"])
def test_nothing_is_invented_in_noise_around_speech(transcriber, jfk, manifest, speech_data, name):
    noisy = load(speech_data, manifest, name)[: 10 * SAMPLE_RATE]
    assert_golden(transcribe(transcriber, np.concatenate([jfk, noisy])).text)
    assert_golden(transcribe(transcriber, np.concatenate([noisy, jfk])).text)


def noise(seconds=5, level=0.1):
    return np.random.default_rng(0).normal(0, level, seconds * SAMPLE_RATE)


def tone(seconds=5, hertz=440):
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE)


@pytest.mark.parametrize("language", [None, "en"])
@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(5 * SAMPLE_RATE),
        np.zeros(45 * SAMPLE_RATE),
        np.zeros(10),
        noise(),
        noise(level=0.003),
        np.cumsum(noise()) * 0.02 % 1.0 - 0.5,
        tone(),
        tone(hertz=50),
        tone() * (np.arange(5 * SAMPLE_RATE) % 8000 < 3000),
    ],
    ids=[
        "silence",
        "long silence",
        "ten samples",
        "white noise",
        "faint noise",
        "crackle",
        "tone",
        "hum",
        "beeps",
    ],
)
def test_nothing_is_heard_in_artificial_sound(transcriber, samples, language):
    transcript = transcribe(transcriber, samples, language=language)
    assert transcript.text == ""
    assert transcript.no_speech
    assert transcript.segments == ()
    assert transcript.confidence == 0.0
    assert transcript.language == language


def test_nothing_is_heard_in_recordings_without_speech(transcriber, manifest, speech_data):
    heard = {
        row["path"]: transcribe(
            transcriber, decode((speech_data / row["path"]).read_bytes()).samples
        )
        for row in manifest
        if row["kind"] == "nonspeech"
    }
    assert heard
    assert {
        path: item.text for path, item in heard.items() if item.text or not item.no_speech
    } == {}


@pytest.mark.parametrize(
    "options",
    [{"keywords": ("Ximena Quiroga", "joy")}, {"prompt": "Dear diary, today I felt happy."}],
    ids=["keywords", "prompt"],
)
def test_a_prompt_invents_nothing_in_recordings_without_speech(
    transcriber, manifest, speech_data, options
):
    recordings = [row["id"] for row in manifest if row["kind"] == "nonspeech"]
    texts = {
        name: transcribe(transcriber, load(speech_data, manifest, name), **options).text
        for name in recordings
    }
    assert recordings
    assert {name: text for name, text in texts.items() if text} == {}


def test_loops_over_noise_and_music_are_dropped(transcriber, manifest, speech_data):
    """Whisper alone repeats sentences here, with the statistics of real repetition."""
    names = ["sb_noise1", "sb_noise5", "librosa_147793__setuniman__sweet-waltz-0i-22mi"]
    loops = []
    for name in names:
        samples = load(speech_data, manifest, name)
        found, _ = transcriber._model.transcribe(samples, language="en", temperature=[0.0])
        loops += [segment.compression_ratio > MAX_COMPRESSION_RATIO for segment in found]
        transcript = transcribe(transcriber, samples, language="en")
        assert (transcript.text, transcript.no_speech) == ("", True), name
    assert any(loops)  # on which of them depends on the CPU
