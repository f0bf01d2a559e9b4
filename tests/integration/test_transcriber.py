"""The exported transcriber on real speech."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jiwer
import numpy as np
import pytest
from whisper_normalizer.english import EnglishTextNormalizer

from exporting.errors import ExportError
from exporting.transcriber import (
    quantize_whisper,
    read_model,
    verify,
    write_model,
)
from runners.errors import InvalidRequest
from runners.transcriber.transcriber import (
    SAMPLE_RATE,
    Transcriber,
    TranscriptionRequest,
)
from samo.audio import decode
from tests.integration.transcripts import (
    assert_golden,
    assert_times,
    load,
    repeated,
    silence,
    transcribe,
    words,
)

pytestmark = pytest.mark.models

DATA = Path(__file__).parents[1] / "data"
JFK = DATA / "jfk.flac"


def whisper(samples, order=18, frame=400, hop=100):
    """Whispered speech: linear prediction keeps the vocal tract, noise replaces the pitch."""
    rng = np.random.default_rng(0)
    flat = np.append(samples[0], samples[1:] - 0.9 * samples[:-1])
    window = np.hanning(frame)
    whispered = np.zeros(len(samples) + frame)
    for start in range(0, len(samples) - frame, hop):
        part = flat[start : start + frame] * window
        spectrum = np.abs(np.fft.rfft(part, 2 * frame)) ** 2
        correlation = np.fft.irfft(spectrum)[: order + 1]
        if correlation[0] < 1e-8:
            continue
        lags = np.abs(np.subtract.outer(np.arange(order), np.arange(order)))
        matrix = correlation[lags] + 1e-4 * correlation[0] * np.eye(order)
        predictor = np.linalg.solve(matrix, correlation[1:])
        response = np.fft.rfft(np.append(1.0, -predictor), 2 * frame)
        breath = np.fft.rfft(rng.normal(0, 1, frame), 2 * frame)
        sound = np.fft.irfft(breath / response)[:frame] * window
        sound *= np.sqrt(correlation[0] / np.square(sound).sum())
        whispered[start : start + frame] += sound
    return (whispered / np.abs(whispered).max())[: len(samples)].astype(np.float32)


def test_concurrent_transcripts_equal_sequential_ones(transcriber_folder, jfk):
    two = Transcriber.load(transcriber_folder, threads=1, num_workers=2)
    parts = [jfk, jfk[: 5 * SAMPLE_RATE]]
    sequential = [transcribe(two, part).text for part in parts]
    with ThreadPoolExecutor(2) as executor:
        concurrent = list(executor.map(lambda part: transcribe(two, part).text, parts))
    assert concurrent == sequential
    assert len(set(sequential)) == 2


def test_the_golden_recording(transcriber_folder):
    verify(transcriber_folder, JFK)
    with pytest.raises(ExportError, match="ask not"):
        verify(transcriber_folder, JFK, golden="Ask what you will.")


def test_a_short_turn_with_the_audio_before_it(transcriber, jfk):
    asked, cut = round(3.2 * SAMPLE_RATE), round(7.9 * SAMPLE_RATE)
    options = {"language": "en", "short_context": True}
    seconds = (cut - asked) / SAMPLE_RATE
    heard = transcribe(
        transcriber, jfk[asked:], word_timestamps=True, preceding_seconds=seconds, **options
    )
    assert " ".join(words(heard.text)) == "ask what you can do for your country"
    assert heard.duration == pytest.approx(3.1)
    assert 0 < heard.segments[0].start < 0.8
    draft = transcribe(transcriber, jfk[cut:], draft=True, **options)
    assert " ".join(words(draft.text)) == "ask what you can do for your country"


def test_a_transcript_in_full(transcriber, jfk):
    transcript = transcribe(transcriber, jfk, word_timestamps=True)
    assert_golden(transcript.text)
    assert transcript.language == "en"
    assert transcript.language_probability > 0.9
    assert transcript.duration == pytest.approx(11.0, abs=0.01)
    assert 0.6 < transcript.confidence < 1
    assert not transcript.no_speech
    aligned = [word for segment in transcript.segments for word in segment.words]
    assert "".join(word.text for word in aligned).strip() == transcript.text
    assert_times(transcript)
    assert all(0 < word.probability <= 1 for word in aligned)


def test_a_batch_keeps_its_order(transcriber, jfk):
    batch = [TranscriptionRequest(part) for part in (jfk, np.zeros(SAMPLE_RATE, np.float32))]
    spoken, silent = transcriber.predict([transcriber.prepare(item) for item in batch])
    assert_golden(spoken.text)
    assert silent.no_speech


def test_words_are_not_aligned_unasked(transcriber, jfk):
    assert all(segment.words is None for segment in transcribe(transcriber, jfk).segments)


def test_timestamps_count_from_the_beginning_of_the_recording(transcriber, jfk):
    late = np.concatenate([np.zeros(5 * SAMPLE_RATE, np.float32), jfk])
    transcript = transcribe(transcriber, late)
    assert_golden(transcript.text)
    assert transcript.segments[0].start > 4.5
    assert transcript.segments[-1].end <= transcript.duration


def test_speech_said_six_times_is_heard(transcriber, jfk):
    ask = jfk[int(7.6 * SAMPLE_RATE) :]
    transcript = transcribe(transcriber, np.concatenate([ask] * 6))
    assert not transcript.no_speech
    assert words(transcript.text).count("ask") >= 4
    assert words(transcript.text).count("country") >= 4
    assert_times(transcript)


def test_a_text_said_twice_is_heard_twice(transcriber, jfk):
    transcript = transcribe(transcriber, np.concatenate([jfk, silence(0.6), jfk]))
    assert words(transcript.text).count("country") >= 3
    assert transcript.segments[-1].end > 20


@pytest.mark.parametrize(("times", "pause"), [(5, 0.7), (5, 1.2), (6, 1.2), (7, 1.0), (10, 0.5)])
def test_a_repeated_affirmation_is_transcribed_as_often_as_it_is_said(transcriber, times, pause):
    affirmation = decode((DATA / "affirmation.flac").read_bytes()).samples
    transcript = transcribe(transcriber, repeated(affirmation, times, pause))
    assert words(transcript.text).count("enough") == times
    assert transcript.unclear == ()
    assert_times(transcript)


def test_a_sentence_of_a_real_voice_said_five_times(transcriber, manifest, speech_data):
    sentence = load(speech_data, manifest, "1688-142285-0002")
    transcript = transcribe(transcriber, repeated(sentence, 5, 1.5))
    assert words(transcript.text).count("silly") == 5


@pytest.mark.parametrize("level", [0.3, 0.003])
@pytest.mark.parametrize("noise_level", [0, 0.02])
def test_a_whisper_is_heard(transcriber, jfk, level, noise_level):
    hiss = np.random.default_rng(1).normal(0, noise_level, len(jfk))
    transcript = transcribe(transcriber, level * (whisper(jfk) + hiss))
    assert not transcript.no_speech
    assert {"country", "you"} <= set(words(transcript.text))
    assert_times(transcript)


def test_no_segment_spans_a_cut_pause(transcriber, jfk):
    transcript = transcribe(transcriber, np.concatenate([jfk, silence(30), jfk]))
    assert transcript.segments[0].start < 1
    assert not any(s.start < 20 < s.end for s in transcript.segments)
    assert max(s.end for s in transcript.segments if s.start < 20) < 11.2
    assert min(s.start for s in transcript.segments if s.start > 20) > 40.5
    assert words(transcript.text).count("country") >= 3
    assert_times(transcript)


@pytest.mark.parametrize("seconds", [0.35, 0.5, 1.0, 3.0])
def test_nothing_ends_beyond_the_recording(transcriber, jfk, seconds):
    start = int(0.5 * SAMPLE_RATE)
    transcript = transcribe(transcriber, jfk[start : start + int(seconds * SAMPLE_RATE)])
    assert_times(transcript)


def test_times_and_text_do_not_depend_on_word_timestamps(transcriber, jfk):
    plain, aligned = (transcribe(transcriber, jfk, word_timestamps=wish) for wish in (False, True))
    assert plain.text == aligned.text
    assert plain.speech_seconds == aligned.speech_seconds
    assert [(s.start, s.end) for s in plain.segments] == [
        (s.start, s.end) for s in aligned.segments
    ]


def test_speech_after_music_is_whole(transcriber, jfk, manifest, speech_data):
    music = load(speech_data, manifest, "librosa_147793__setuniman__sweet-waltz-0i-22mi")
    transcript = transcribe(transcriber, np.concatenate([music[: 20 * SAMPLE_RATE], jfk]))
    assert_golden(transcript.text)
    assert transcript.segments[0].start > 19.5


@pytest.mark.parametrize(
    "order", [("leopard_test", "leopard_test_es"), ("leopard_test_es", "leopard_test")]
)
def test_two_languages_are_both_written_down(transcriber, manifest, speech_data, order):
    first, second = (load(speech_data, manifest, name) for name in order)
    transcript = transcribe(transcriber, np.concatenate([first, silence(1), second]))
    assert {span.language for span in transcript.languages} == {"en", "es"}
    assert "quilter" in transcript.text.lower()
    assert "arenas" in transcript.text.lower()
    assert_times(transcript)


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
        transcriber.prepare(TranscriptionRequest(jfk, task="summarize"))  # type: ignore[arg-type]


def test_an_empty_recording_is_refused(transcriber):
    with pytest.raises(InvalidRequest, match="empty"):
        transcriber.prepare(TranscriptionRequest(np.zeros(0, np.float32)))


def test_cost_is_in_frames_of_ten_milliseconds(transcriber, jfk):
    assert transcriber.cost(transcriber.prepare(TranscriptionRequest(jfk))) == 1100


def test_int8_on_disk_is_what_ctranslate2_makes_at_load(
    transcriber, transcriber_folder, jfk, tmp_path
):
    """The exported int8 weights, widened to fp32 again, come back by both ways."""
    checkpoint = read_model(transcriber_folder / "model.bin")
    exported = checkpoint.variables
    checkpoint.variables = {
        name: np.divide(value, exported[f"{name}_scale"][:, None]).astype(np.float32)
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
    write_model(checkpoint, wide / "model.bin")

    quantize_whisper(wide, again)
    requantized = read_model(again / "model.bin").variables
    for name, value in exported.items():
        if value.dtype == np.int8:
            np.testing.assert_array_equal(requantized[name], value, err_msg=name)

    at_load = transcribe(Transcriber.load(wide, threads=2), jfk)
    on_disk = transcribe(transcriber, jfk)
    assert at_load.text == on_disk.text
    assert at_load.confidence == pytest.approx(on_disk.confidence, abs=1e-3)
