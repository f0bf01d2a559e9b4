"""Which parts of a recording Whisper is asked for, how often, and in which language."""

from __future__ import annotations

import numpy as np
import pytest

from runners.transcriber.listening import Listening
from runners.transcriber.plausibility import Evidence
from runners.transcriber.times import place
from runners.transcriber.transcript import SAMPLE_RATE, Segment, Word
from runners.transcriber.voice import FRAME, FRAMES_PER_SECOND, find_speech
from runners.transcriber.whisper import Heard


class FakeWhisper:
    """Hears a word every half second of a clip, as long as `hears` allows it.

    `hears` takes a language and the seconds of a word in the recording. The language of sound is
    written into the samples: 0.1 is "en", 0.2 is "es", 0.05 is none that can be told.
    """

    def __init__(self, hears=lambda language, second: True, log_probability=-0.2):
        self.hears = hears
        self.log_probability = log_probability
        self.calls = []

    def language_of(self, samples):
        names = {0.1: "en", 0.2: "es", 0.05: "la"}
        kinds, counts = np.unique(samples[samples > 0], return_counts=True)
        most = int(np.argmax(counts))
        share = counts[most] / counts.sum()
        name = names[round(float(kinds[most]), 2)]
        return name, 0.2 if name == "la" else float(share**2)

    def write_down(self, samples, clip, language, task, *, max_tokens=None):
        self.calls.append((language, len(clip) / SAMPLE_RATE))
        words = []
        for n in range(int(2 * len(clip) / SAMPLE_RATE)):
            _, (start, end) = place((n / 2, n / 2 + 0.4), clip.parts)
            if samples[int(start * SAMPLE_RATE + 10)] > 0 and self.hears(language, start):
                words.append(Word(f" {language}", start, end, 0.9))
        if not words:
            return []
        segment = Segment(
            0, words[0].start, words[-1].end, "".join(w.text for w in words),
            self.log_probability, 0.1, 1.0, 0.0, (), tuple(words), language,
        )  # fmt: skip
        return [Heard((segment,), Evidence(self.log_probability, 1.0, 0.1, words))]


def listen(whisper, *pieces, language=None, probability=0.9):
    """Listen to (seconds, level) pieces; level 0 is a pause."""
    samples = np.concatenate(
        [np.full(round(s * FRAMES_PER_SECOND) * FRAME, level, np.float32) for s, level in pieces]
    )
    levels = samples[::FRAME]
    voice = find_speech(np.where(levels > 0, np.float32(probability), 0), levels)
    listening = Listening(whisper, samples, voice, language, "transcribe")
    segments = listening.segments()
    return (
        segments,
        listening.unclear(segments),
        listening.main_language(segments) if segments else None,
    )


def test_plain_speech_is_decoded_once():
    whisper = FakeWhisper()
    segments, unclear, main = listen(whisper, (5, 0.1), (1, 0), (5, 0.1))
    assert [call[0] for call in whisper.calls] == ["en"]
    assert len(segments) == 1
    assert unclear == []
    assert main == ("en", 1.0)


def test_what_was_left_out_is_heard_once_more():
    whisper = FakeWhisper()
    whisper.hears = lambda language, second: second < 5 or len(whisper.calls) > 1
    segments, unclear, _ = listen(whisper, (5, 0.1), (1, 0), (5, 0.1), language="en")
    assert len(whisper.calls) == 2
    assert whisper.calls[1][1] < 7
    assert segments[-1].end > 9
    assert unclear == []


def test_the_second_language_is_heard_in_it():
    whisper = FakeWhisper(hears=lambda language, second: language == ("en" if second < 8 else "es"))
    segments, unclear, main = listen(whisper, (8, 0.1), (0.8, 0), (3, 0.2))
    assert [segment.language for segment in segments] == ["en", "es"]
    assert main[0] == "en"
    assert unclear == []


def test_two_languages_in_equal_parts_are_told_apart_first():
    whisper = FakeWhisper()
    segments, _, _ = listen(whisper, (6, 0.1), (1, 0), (6, 0.2), (1, 0), (6, 0.1))
    assert [segment.language for segment in segments] == ["en", "es", "en"]
    assert len(whisper.calls) == 3


def test_a_given_language_is_never_changed():
    whisper = FakeWhisper()
    segments, _, main = listen(whisper, (6, 0.1), (1, 0), (6, 0.2), language="en")
    assert {segment.language for segment in segments} == {"en"}
    assert main == ("en", 1.0)


def test_what_cannot_be_understood_is_named():
    whisper = FakeWhisper(hears=lambda language, second: second < 8)
    segments, unclear, _ = listen(whisper, (8, 0.1), (0.8, 0), (3, 0.05))
    assert len(segments) == 1
    ((start, end),) = unclear
    assert start == pytest.approx(8.8, abs=0.1)
    assert end == pytest.approx(11.8, abs=0.1)


def test_nothing_understood_is_unclear_and_costs_a_bounded_number_of_decodings():
    whisper = FakeWhisper(hears=lambda language, second: False)
    segments, unclear, _ = listen(whisper, *[(8, 0.1), (0.5, 0)] * 3)
    assert segments == []
    assert len(unclear) == 1
    assert len(whisper.calls) <= 1 + 3


def test_silence_never_reaches_whisper():
    whisper = FakeWhisper()
    assert listen(whisper, (5, 0)) == ([], [], None)
    assert whisper.calls == []


def test_a_whisper_is_heard_without_the_voice_detector():
    whisper = FakeWhisper()
    segments, _, _ = listen(whisper, (2, 0), (5, 0.1), (1, 0), probability=0.05)
    assert len(segments) == 1
    assert len(whisper.calls) == 2


def test_long_noise_is_looked_at_once():
    whisper = FakeWhisper(log_probability=-0.9)
    pieces = [(1, 0.1), (1, 0)] * 100
    assert listen(whisper, *pieces, probability=0.05) == ([], [], None)
    assert len(whisper.calls) == 1
    assert whisper.calls[0][1] <= 30


@pytest.mark.parametrize(("level", "kept"), [(0.1, True), (0.05, False)])
def test_words_of_an_unknown_language_must_be_surer(level, kept):
    def hears(language, second):
        return second < 8 or len(whisper.calls) > 1

    whisper = FakeWhisper(hears, log_probability=-0.9)
    segments, unclear, _ = listen(whisper, (8, 0.1), (0.8, 0), (3, level))
    assert (len(segments) == 2) == kept
    assert bool(unclear) != kept


def test_english_is_tried_where_the_language_is_a_guess():
    whisper = FakeWhisper(log_probability=-0.9)
    segments, _, main = listen(whisper, (6, 0.05))
    assert [call[0] for call in whisper.calls] == ["la", "en"]
    assert {segment.language for segment in segments} == {"la"}
    assert main == ("la", 0.2)
