"""Which parts of a recording Whisper transcribes, how often, and in which language."""

from __future__ import annotations

import numpy as np
import pytest

from runners.transcriber.decoded_window import DecodedWindow
from runners.transcriber.plausibility import Evidence
from runners.transcriber.timestamps import to_recording_time
from runners.transcriber.transcript import (
    SAMPLE_RATE,
    Segment,
    SpokenWord,
    TextDelta,
    TranscriptionRequest,
    VoiceDetection,
)
from runners.transcriber.voice_activity import FRAME_SAMPLES, FRAMES_PER_SECOND, find_speech
from runners.transcriber.windowing import TranscriptionSession


class FakeWhisper:
    """Transcribes a word every half second of a clip, if `hears` returns true.

    `hears` takes a language and the seconds of a word in the recording. The samples encode the
    language: 0.1 is "en", 0.2 is "es", 0.05 is an unknown one.
    """

    def __init__(self, hears=lambda language, second: True, log_probability=-0.2):
        self.hears = hears
        self.log_probability = log_probability
        self.calls = []

    def most_likely_language(self, samples, candidates=()):
        names = {0.1: "en", 0.2: "es", 0.05: "la"}
        kinds, counts = np.unique(samples[samples > 0], return_counts=True)
        most = int(np.argmax(counts))
        share = counts[most] / counts.sum()
        name = names[round(float(kinds[most]), 2)]
        return name, 0.2 if name == "la" else float(share**2)

    def transcribe_clip(self, samples, clip, language, request, *, max_tokens=None):
        self.calls.append((language, len(clip) / SAMPLE_RATE))
        words = []
        for n in range(int(2 * len(clip) / SAMPLE_RATE)):
            _, (start, end) = to_recording_time((n / 2, n / 2 + 0.4), clip.parts)
            if samples[int(start * SAMPLE_RATE + 10)] > 0 and self.hears(language, start):
                words.append(SpokenWord(f" {language}", start, end, 0.9))
        if not words:
            return []
        segment = Segment(
            0, words[0].start, words[-1].end, "".join(w.text for w in words),
            self.log_probability, 0.1, 1.0, 0.0, (), tuple(words), language,
        )  # fmt: skip
        return [DecodedWindow((segment,), Evidence(self.log_probability, 1.0, 0.1, words))]


def transcribe(whisper, *pieces, language=None, probability=0.9, **options):
    """Transcribe (seconds, level) pieces; level 0 is a pause."""
    samples = np.concatenate(
        [
            np.full(round(s * FRAMES_PER_SECOND) * FRAME_SAMPLES, level, np.float32)
            for s, level in pieces
        ]
    )
    levels = samples[::FRAME_SAMPLES]
    detection = options.get("voice_detection")
    voice = find_speech(np.where(levels > 0, np.float32(probability), 0), levels, detection)
    request = TranscriptionRequest(samples, language, **options)
    session = TranscriptionSession(whisper, samples, voice, request)
    segments = session.segments()
    return (
        segments,
        session.unclear(segments),
        session.main_language(segments) if segments else None,
    )


def test_plain_speech_is_decoded_once():
    whisper = FakeWhisper()
    segments, unclear, main = transcribe(whisper, (5, 0.1), (1, 0), (5, 0.1))
    assert [call[0] for call in whisper.calls] == ["en"]
    assert len(segments) == 1
    assert unclear == []
    assert main == ("en", 1.0)


def test_what_was_left_out_is_heard_once_more():
    whisper = FakeWhisper()
    whisper.hears = lambda language, second: second < 5 or len(whisper.calls) > 1
    segments, unclear, _ = transcribe(whisper, (5, 0.1), (1, 0), (5, 0.1), language="en")
    assert len(whisper.calls) == 2
    assert whisper.calls[1][1] < 7
    assert segments[-1].end > 9
    assert unclear == []


def test_with_preceding_audio_nothing_is_heard_once_more():
    whisper = FakeWhisper(hears=lambda language, second: second < 5)
    pieces = ((5, 0.1), (1, 0), (5, 0.1))
    transcribe(whisper, *pieces, language="en", short_context=True, preceding_seconds=5.5)
    assert len(whisper.calls) == 1


def test_the_second_language_is_heard_in_it():
    whisper = FakeWhisper(hears=lambda language, second: language == ("en" if second < 8 else "es"))
    segments, unclear, main = transcribe(whisper, (8, 0.1), (0.8, 0), (3, 0.2))
    assert [segment.language for segment in segments] == ["en", "es"]
    assert main[0] == "en"
    assert unclear == []


def test_two_languages_in_equal_parts_are_told_apart_first():
    whisper = FakeWhisper()
    segments, _, _ = transcribe(whisper, (6, 0.1), (1, 0), (6, 0.2), (1, 0), (6, 0.1))
    assert [segment.language for segment in segments] == ["en", "es", "en"]
    assert len(whisper.calls) == 3


def test_a_given_language_is_never_changed():
    whisper = FakeWhisper()
    segments, _, main = transcribe(whisper, (6, 0.1), (1, 0), (6, 0.2), language="en")
    assert {segment.language for segment in segments} == {"en"}
    assert main == ("en", 1.0)


def test_what_cannot_be_understood_is_named():
    whisper = FakeWhisper(hears=lambda language, second: second < 8)
    segments, unclear, _ = transcribe(whisper, (8, 0.1), (0.8, 0), (3, 0.05))
    assert len(segments) == 1
    ((start, end),) = unclear
    assert start == pytest.approx(8.8, abs=0.1)
    assert end == pytest.approx(11.8, abs=0.1)


def test_nothing_understood_is_unclear_and_costs_a_bounded_number_of_decodings():
    whisper = FakeWhisper(hears=lambda language, second: False)
    segments, unclear, _ = transcribe(whisper, *[(8, 0.1), (0.5, 0)] * 3)
    assert segments == []
    assert len(unclear) == 1
    assert len(whisper.calls) <= 1 + 3


def test_silence_never_reaches_whisper():
    whisper = FakeWhisper()
    assert transcribe(whisper, (5, 0)) == ([], [], None)
    assert whisper.calls == []


def test_a_whisper_is_heard_without_the_voice_detector():
    whisper = FakeWhisper()
    segments, _, _ = transcribe(whisper, (2, 0), (5, 0.1), (1, 0), probability=0.05)
    assert len(segments) == 1
    assert len(whisper.calls) == 2


def test_long_noise_is_looked_at_once():
    whisper = FakeWhisper(log_probability=-0.9)
    pieces = [(1, 0.1), (1, 0)] * 100
    assert transcribe(whisper, *pieces, probability=0.05) == ([], [], None)
    assert len(whisper.calls) == 1
    assert whisper.calls[0][1] <= 30


@pytest.mark.parametrize(("level", "kept"), [(0.1, True), (0.05, False)])
def test_words_of_an_unknown_language_must_be_surer(level, kept):
    def hears(language, second):
        return second < 8 or len(whisper.calls) > 1

    whisper = FakeWhisper(hears, log_probability=-0.9)
    segments, unclear, _ = transcribe(whisper, (8, 0.1), (0.8, 0), (3, level))
    assert (len(segments) == 2) == kept
    assert bool(unclear) != kept


def test_english_is_tried_where_the_language_is_a_guess():
    whisper = FakeWhisper(log_probability=-0.9)
    segments, _, main = transcribe(whisper, (6, 0.05))
    assert [call[0] for call in whisper.calls] == ["la", "en"]
    assert {segment.language for segment in segments} == {"la"}
    assert main == ("la", 0.2)


def test_a_sentence_said_five_times_is_transcribed_five_times():
    """Whisper often writes the first of several repeats only."""
    whisper = FakeWhisper()

    def first_sentence_of_the_clip(samples, clip, language, request, *, max_tokens=None):
        whisper.calls.append((language, len(clip) / SAMPLE_RATE))
        start = (clip.parts[0][0] + SAMPLE_RATE // 2) / SAMPLE_RATE
        words = [
            SpokenWord(f" {n}", start + n * 0.3, start + n * 0.3 + 0.25, 0.9) for n in range(3)
        ]
        segment = Segment(
            0, start, words[-1].end, " 0 1 2", -0.2, 0.1, 1.0, 0.0, (), tuple(words), language
        )
        return [DecodedWindow((segment,), Evidence(-0.2, 1.0, 0.1, words))]

    whisper.transcribe_clip = first_sentence_of_the_clip
    segments, unclear, _ = transcribe(whisper, *[(0.9, 0.1), (1.5, 0)] * 5, language="en")
    assert len(segments) == 5
    assert unclear == []
    assert len(whisper.calls) <= 8


def test_the_text_is_reported_window_by_window():
    deltas: list[TextDelta] = []
    whisper = FakeWhisper()
    segments, _, _ = transcribe(
        whisper, *[(20, 0.1), (1, 0)] * 3, language="en", on_text=deltas.append
    )
    assert len(deltas) == len(segments) == 3
    assert "".join(delta.text for delta in deltas) == "".join(s.text for s in segments).strip()


def test_detection_returns_a_candidate_only():
    whisper = FakeWhisper()
    seen = []

    def most_likely_language(samples, candidates=()):
        seen.append(candidates)
        return "de", 0.9

    whisper.most_likely_language = most_likely_language
    _, _, main = transcribe(whisper, (6, 0.05), candidate_languages=("de", "fr"))
    assert set(seen) == {("de", "fr")}
    assert main[0] == "de"
    assert {call[0] for call in whisper.calls} == {"de"}


def test_the_fallback_language_must_be_a_candidate():
    whisper = FakeWhisper(hears=lambda language, second: False)
    transcribe(whisper, (6, 0.05), candidate_languages=("la", "es"))
    assert "en" not in {call[0] for call in whisper.calls}


def test_with_a_requested_threshold_only_detected_speech_counts():
    whisper = FakeWhisper()
    segments, _, _ = transcribe(
        whisper, (2, 0), (5, 0.1), (1, 0), probability=0.05,
        voice_detection=VoiceDetection(threshold=0.5),
    )  # fmt: skip
    assert segments == []
    assert whisper.calls == []


@pytest.mark.parametrize(("probability", "transcribed"), [(0.9, True), (0.6, False)])
def test_without_a_certain_voice_a_prompt_cannot_make_text_plausible(probability, transcribed):
    whisper = FakeWhisper()
    with_prompt = whisper.transcribe_clip

    def transcribe_clip(samples, clip, language, request, *, max_tokens=None):
        decoded = with_prompt(samples, clip, language, request, max_tokens=max_tokens)
        return decoded if request.keywords else []

    whisper.transcribe_clip = transcribe_clip
    segments, _, _ = transcribe(
        whisper, (5, 0.1), language="en", probability=probability, keywords=("Ana",)
    )
    assert bool(segments) == transcribed
