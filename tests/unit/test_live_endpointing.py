"""Where turns begin and end, from probabilities of speech."""

from __future__ import annotations

import numpy as np
import pytest

from runners.transcriber.voice_activity import FRAME_SAMPLES, detect_voice
from runners.transcriber.voice_stream import VoiceStream
from samo.audio import decode
from samo.live.endpointing import (
    FRAMES_PER_SECOND,
    MAX_TURN_SECONDS,
    Endpointer,
    Endpointing,
    Transition,
)


def turns(probabilities, **numbers):
    """The turns as (first frame, last frame of speech, frame at which it ended)."""
    endpointer, found = Endpointer(Endpointing(**numbers)), []
    for probability in probabilities:
        if endpointer.feed(probability) is Transition.STOPPED:
            found.append((endpointer.speech_start, endpointer.speech_end, endpointer.position))
    return found


def frames(seconds):
    return round(seconds * FRAMES_PER_SECOND)


def test_a_turn_ends_after_the_pause():
    probabilities = [0.0] * 10 + [0.9] * 20 + [0.0] * 40
    assert turns(probabilities) == [(10, 30, 30 + frames(0.5) + 0)]
    assert turns(probabilities, silence_seconds=1.0) == [(10, 30, 62)]
    assert turns(probabilities, threshold=0.95) == []


def test_speech_goes_on_below_the_threshold_and_clicks_are_none():
    assert turns([0.3] * 5 + [0.9] * 5 + [0.3] * 30 + [0.9] + [0.0] * 40) == [(0, 41, 57)]
    assert turns(([0.9] * 3 + [0.0] * 30) * 5) == []


def test_a_breath_after_the_speech_is_not_voiced():
    endpointer = Endpointer(Endpointing())
    for probability in [0.9] * 20 + [0.3] * 10:
        endpointer.feed(probability)
    assert (endpointer.speech_end, endpointer.voiced) == (30, 20)


def test_hesitant_speech_just_before_a_turn_belongs_to_it():
    word, breath, speech, pause = [0.3] * 10, [0.1] * 6, [0.9] * 20, [0.0] * 40
    assert turns(pause + word + breath + speech + pause) == [(40, 76, 92)]
    assert turns(pause + word + [0.1] * 9 + speech + pause)[0][0] == 59  # too long before it
    assert turns(pause + [0.3] * 100 + breath + speech + pause)[0][0] > 106  # too long
    assert turns(([0.9] * 3 + breath) * 5) == []  # clicks


def test_the_word_before_a_breath_is_not_lost(recording):
    endpointer, starts = Endpointer(Endpointing()), []
    for probability in VoiceStream().feed(decode(recording).samples):
        if endpointer.feed(probability) is Transition.STARTED:
            starts.append(endpointer.speech_start / FRAMES_PER_SECOND)
    assert 3.2 < starts[1] < 3.4  # "Ask", at 3.3 s, then a breath and "not"


def test_a_long_turn_ends_at_a_shorter_pause():
    speech, gap = [0.9] * frames(1), [0.0] * frames(0.3)
    (first, *_) = turns((speech + gap) * 40)
    assert 15 < (first[2] - first[0]) / FRAMES_PER_SECOND < MAX_TURN_SECONDS


def test_an_endless_monologue_is_cut_at_the_bound():
    found = turns([0.9] * frames(80))
    assert len(found) == 3
    for start, _, end in found:
        assert (end - start) / FRAMES_PER_SECOND == pytest.approx(MAX_TURN_SECONDS, abs=0.05)


@pytest.mark.parametrize("step", [160, 1600, 7001])
def test_the_stream_hears_what_the_detector_hears_in_the_whole(recording, step):
    noise = np.random.default_rng(0).normal(0, 0.002, len(decode(recording).samples))
    samples = (decode(recording).samples + noise).astype(np.float32)  # no frame is silent
    stream = VoiceStream()
    heard = np.concatenate(
        [stream.feed(samples[start : start + step]) for start in range(0, len(samples), step)]
    )
    assert len(heard) == len(samples) // FRAME_SAMPLES
    expected = detect_voice(samples).probabilities[: len(heard)]
    assert np.abs(heard - expected).max() < 1e-3


def test_silence_is_not_given_to_the_detector(recording, monkeypatch):
    stream = VoiceStream()
    stream.feed(decode(recording).samples[:16_000])
    stream.feed(np.zeros(8_000, np.float32))
    monkeypatch.setattr(stream, "_detect", lambda _: pytest.fail("silence was read"))
    assert not stream.feed(np.zeros(16_000 * 60, np.float32)).any()
