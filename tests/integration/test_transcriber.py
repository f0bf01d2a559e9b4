"""The exported transcriber on real and on empty sound."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jiwer
import numpy as np
import pytest
from whisper_normalizer.english import EnglishTextNormalizer

from exporting.transcriber import (
    GOLDEN,
    CheckpointError,
    quantize_whisper,
    read_checkpoint,
    verify,
    write_checkpoint,
)
from runners.base import Runner
from runners.transcriber import SAMPLE_RATE, Transcriber, TranscriptionRequest
from samo.audio import decode
from samo.errors import InvalidRequest

pytestmark = pytest.mark.models

JFK = Path(__file__).parents[1] / "data" / "jfk.flac"


@pytest.fixture(scope="module")
def transcriber(transcriber_folder):
    runner: Runner = Transcriber.load(transcriber_folder, threads=2)
    runner.warm_up()
    return runner


@pytest.fixture(scope="module")
def jfk():
    return decode(JFK.read_bytes()).samples


@pytest.fixture(scope="module")
def manifest(speech_data):
    lines = (speech_data / "manifest.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def words(text):
    return re.findall(r"[\w']+", text.lower())


def transcribe(transcriber, samples, **options):
    request = TranscriptionRequest(samples.astype(np.float32), **options)
    (transcript,) = transcriber.predict([transcriber.prepare(request)])
    return transcript


def test_two_recordings_at_a_time_are_heard_as_each_alone(transcriber_folder, jfk):
    two = Transcriber.load(transcriber_folder, threads=1, at_a_time=2)
    parts = [jfk, jfk[: 5 * SAMPLE_RATE]]
    alone = [transcribe(two, part).text for part in parts]
    with ThreadPoolExecutor(2) as executor:
        beside = list(executor.map(lambda part: transcribe(two, part).text, parts))
    assert beside == alone
    assert len(set(alone)) == 2


def test_the_golden_recording(transcriber_folder):
    verify(transcriber_folder, JFK)
    with pytest.raises(CheckpointError, match="ask not"):
        verify(transcriber_folder, JFK, golden="Ask what you will.")


def test_a_transcript_in_full(transcriber, jfk):
    transcript = transcribe(transcriber, jfk, word_timestamps=True)
    assert words(transcript.text) == words(GOLDEN)
    assert transcript.language == "en"
    assert transcript.language_probability > 0.9
    assert transcript.duration == pytest.approx(11.0, abs=0.01)
    assert 0.6 < transcript.confidence < 1
    assert not transcript.no_speech
    aligned = [word for segment in transcript.segments for word in segment.words]
    assert "".join(word.text for word in aligned).strip() == transcript.text
    assert all(0 <= word.start <= word.end <= transcript.duration for word in aligned)
    assert [word.start for word in aligned] == sorted(word.start for word in aligned)
    assert all(0 < word.probability <= 1 for word in aligned)


def test_a_batch_keeps_its_order(transcriber, jfk):
    batch = [TranscriptionRequest(part) for part in (jfk, np.zeros(SAMPLE_RATE, np.float32))]
    spoken, silent = transcriber.predict([transcriber.prepare(item) for item in batch])
    assert words(spoken.text) == words(GOLDEN)
    assert silent.no_speech


def test_words_are_not_aligned_unasked(transcriber, jfk):
    assert all(segment.words is None for segment in transcribe(transcriber, jfk).segments)


def test_timestamps_count_from_the_beginning_of_the_recording(transcriber, jfk):
    late = np.concatenate([np.zeros(5 * SAMPLE_RATE, np.float32), jfk])
    transcript = transcribe(transcriber, late)
    assert words(transcript.text) == words(GOLDEN)
    assert transcript.segments[0].start > 4.5
    assert transcript.segments[-1].end <= transcript.duration


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


def test_word_error_rate_on_librispeech_test_other(transcriber, manifest, speech_data):
    rows = [row for row in manifest if row["kind"] == "libri-test-other"][::3]
    normalize = EnglishTextNormalizer()
    heard = [
        transcribe(
            transcriber, decode((speech_data / row["path"]).read_bytes()).samples, language="en"
        ).text
        for row in rows
    ]
    assert all(heard)
    rate = jiwer.wer([normalize(row["text"]) for row in rows], [normalize(text) for text in heard])
    assert rate <= 0.14


@pytest.mark.parametrize("name", ["de_training_audio1", "leopard_test_es", "leopard_test"])
def test_other_speech_is_heard_in_its_language(transcriber, manifest, speech_data, name):
    (row,) = [row for row in manifest if row["id"] == name]
    transcript = transcribe(transcriber, decode((speech_data / row["path"]).read_bytes()).samples)
    assert transcript.language == row["lang"]
    assert jiwer.cer(row["text"].lower(), transcript.text.lower()) < 0.2


def test_speech_in_a_language_wrongly_detected_is_not_lost(transcriber, manifest, speech_data):
    # Whisper base takes this English for Latin, and what it hears in Latin is not plausible.
    (row,) = [row for row in manifest if row["id"] == "2033-164914-0001"]
    transcript = transcribe(transcriber, decode((speech_data / row["path"]).read_bytes()).samples)
    assert transcript.language == "en"
    assert words(transcript.text)[:3] == ["but", "she", "said"]


def test_a_translation_is_english(transcriber, manifest, speech_data):
    (row,) = [row for row in manifest if row["id"] == "de_training_audio1"]
    samples = decode((speech_data / row["path"]).read_bytes()).samples[: 10 * SAMPLE_RATE]
    transcript = transcribe(transcriber, samples, task="translate")
    assert transcript.language == "de"
    assert {"the", "and"} & set(transcript.text.lower().split())


@pytest.mark.parametrize("seconds", [0.8, 1.2, 2.0])
def test_a_very_short_clip_gets_a_sane_language(transcriber, jfk, seconds):
    start = int(3.3 * SAMPLE_RATE)
    transcript = transcribe(transcriber, jfk[start : start + int(seconds * SAMPLE_RATE)])
    assert transcript.language in {None, "en"}


def test_a_wrong_language_is_refused_with_the_valid_ones(transcriber, jfk):
    with pytest.raises(InvalidRequest, match=r"language: .* de, .* en, ") as caught:
        transcriber.prepare(TranscriptionRequest(jfk, language="english"))
    assert caught.value.details["field"] == "language"
    assert "en" in caught.value.details["valid"]


def test_a_wrong_task_is_refused(transcriber, jfk):
    with pytest.raises(InvalidRequest, match="transcribe, translate"):
        transcriber.prepare(TranscriptionRequest(jfk, task="summarize"))


def test_an_empty_recording_is_refused(transcriber):
    with pytest.raises(InvalidRequest, match="empty"):
        transcriber.prepare(TranscriptionRequest(np.zeros(0, np.float32)))


def test_cost_is_in_frames_of_ten_milliseconds(transcriber, jfk):
    assert transcriber.cost(transcriber.prepare(TranscriptionRequest(jfk))) == 1100


def test_int8_on_disk_is_what_ctranslate2_makes_at_load(
    transcriber, transcriber_folder, jfk, tmp_path
):
    """The exported int8 weights, widened to fp32 again, come back by both ways."""
    checkpoint = read_checkpoint(transcriber_folder / "model.bin")
    exported = checkpoint.variables
    checkpoint.variables = {
        name: (value / exported[f"{name}_scale"][:, None]).astype(np.float32)
        if f"{name}_scale" in exported
        else value
        for name, value in exported.items()
        if not name.endswith("_scale")
    }
    wide, again = tmp_path / "wide", tmp_path / "again"
    wide.mkdir()
    for path in transcriber_folder.iterdir():
        if path.suffix in {".json", ".txt"}:
            (wide / path.name).write_bytes(path.read_bytes())
    write_checkpoint(checkpoint, wide / "model.bin")

    quantize_whisper(wide, again)
    requantized = read_checkpoint(again / "model.bin").variables
    for name, value in exported.items():
        if value.dtype == np.int8:
            np.testing.assert_array_equal(requantized[name], value, err_msg=name)

    at_load = transcribe(Transcriber.load(wide, threads=2), jfk)
    on_disk = transcribe(transcriber, jfk)
    assert at_load.text == on_disk.text
    assert at_load.confidence == pytest.approx(on_disk.confidence, abs=1e-3)
