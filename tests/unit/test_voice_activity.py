"""Speech from probabilities, and windows from speech."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.transcriber.regions import (
    clip_of,
    most_likely_window,
    speech_windows,
    split_at_pauses,
)
from runners.transcriber.transcript import SAMPLE_RATE, VoiceDetection
from runners.transcriber.voice_activity import (
    FRAME_SAMPLES,
    FRAMES_PER_SECOND,
    Region,
    active_part,
    amplify,
    find_speech,
    true_runs,
)


def frames(seconds):
    return round(seconds * FRAMES_PER_SECOND)


def voice_of(*pieces, loud=None, **detection):
    """Voice activity from (seconds, probability) pieces."""
    probabilities = np.concatenate([np.full(frames(s), p, np.float32) for s, p in pieces])
    power = probabilities if loud is None else np.full(len(probabilities), loud, np.float32)
    return find_speech(probabilities, power, VoiceDetection(**detection))


def seconds(clip):
    return [(start / SAMPLE_RATE, end / SAMPLE_RATE) for start, end in clip.parts]


def clips(voice):
    total = len(voice.speech) * FRAME_SAMPLES
    return [clip_of(region, voice, total) for region in speech_windows(voice)]


def test_nothing_is_speech_below_the_threshold():
    voice = voice_of((5, 0.45))
    assert not voice.speech.any()
    assert speech_windows(voice) == []
    assert not voice.is_certain


def test_quiet_beginnings_and_endings_belong_to_speech():
    voice = voice_of((1, 0.0), (0.5, 0.3), (1, 0.9), (0.5, 0.3), (1, 0.0))
    ((start, end),) = true_runs(voice.speech)
    assert (start, end) == (frames(1), frames(1) + 2 * frames(0.5) + frames(1))
    assert voice.is_certain


def test_a_blip_is_not_speech():
    assert not voice_of((1, 0.0), (0.06, 0.9), (1, 0.0)).speech.any()


def test_a_short_stretch_of_music_far_from_speech_is_not_heard():
    voice = voice_of((9, 0.0), (0.2, 0.7), (10, 0.0), (3, 0.9))
    assert len(true_runs(voice.speech)) == 1
    assert len(true_runs(voice_of((9, 0.0), (0.2, 0.7), (10, 0.0)).speech)) == 1
    assert len(true_runs(voice_of((9, 0.0), (0.2, 0.9), (10, 0.0), (3, 0.9)).speech)) == 2


def test_a_whisper_gets_wider_margins():
    assert (
        voice_of((2, 0.0), (3, 0.55)).seconds_before > voice_of((2, 0.0), (3, 0.9)).seconds_before
    )


def test_long_pauses_are_cut_and_short_ones_kept():
    voice = voice_of((3, 0.9), (1.5, 0.0), (3, 0.9), (30, 0.0), (3, 0.9))
    (clip,) = clips(voice)
    (first, second) = seconds(clip)
    assert first == pytest.approx((0, 7.9), abs=0.1)
    assert second == pytest.approx((37.1, 40.5), abs=0.2)


def test_a_pause_as_loud_as_speech_is_kept():
    pieces = ((3, 0.9), (3, 0.0), (3, 0.9))
    assert len(clips(voice_of(*pieces))[0].parts) == 2
    assert len(clips(voice_of(*pieces, loud=0.1))[0].parts) == 1


lengths = st.lists(st.tuples(st.floats(0.3, 12), st.floats(0.3, 40)), min_size=1, max_size=25)


@given(lengths)
def test_windows_hold_all_speech_once_and_are_short(pieces):
    voice = voice_of(*(item for s, p in pieces for item in ((s, 0.9), (p, 0.0))))
    found = clips(voice)
    heard = [part for clip in found for part in clip.parts]
    assert all(a[1] <= b[0] for a, b in pairwise(heard))
    for start, end in true_runs(voice.speech):
        assert any(a <= start * FRAME_SAMPLES and end * FRAME_SAMPLES <= b for a, b in heard)
    assert all(len(clip) <= 30.5 * SAMPLE_RATE for clip in found)


def test_a_long_stretch_without_a_pause_is_one_window():
    assert len(clips(voice_of((70, 0.9)))) == 1


def test_regions_are_cut_at_long_pauses():
    voice = voice_of((6, 0.9), (0.3, 0.0), (2, 0.9), (1.5, 0.0), (1, 0.9), (0.3, 0.0), (5, 0.9))
    whole = Region(tuple(true_runs(voice.speech)), (0, len(voice.speech)))
    first, second = split_at_pauses(whole, voice, 12)
    assert (len(first.spans), len(second.spans)) == (2, 2)
    assert first.bounds[1] == second.bounds[0]


def test_quiet_recordings_are_amplified_and_loud_ones_left():
    tone = np.sin(np.arange(16_000) / 10).astype(np.float32)
    assert np.abs(amplify(0.003 * tone)).max() == pytest.approx(0.1, rel=0.05)
    loud = 0.5 * tone
    assert amplify(loud) is loud
    silence = np.zeros(100, np.float32)
    assert amplify(silence) is silence


def test_a_click_does_not_hinder_amplifying():
    samples = 0.003 * np.sin(np.arange(16_000) / 10).astype(np.float32)
    samples[100:103] = 1.0
    assert np.quantile(np.abs(amplify(samples)), 0.9) > 0.05


def test_steady_sound_is_not_active():
    noise = np.random.default_rng(0).normal(0, 0.1, 5 * SAMPLE_RATE).astype(np.float32)
    assert active_part(noise) is None
    assert active_part(np.zeros(5 * SAMPLE_RATE, np.float32)) is None
    noise[: 2 * SAMPLE_RATE] *= 0.01
    part = active_part(noise)
    assert part is not None
    start, end = part
    assert start == pytest.approx(2 * FRAMES_PER_SECOND, abs=2)
    assert end == pytest.approx(5 * FRAMES_PER_SECOND, abs=2)


def test_the_likeliest_half_minute():
    voice = voice_of((60, 0.0), (10, 0.4), (60, 0.0))
    start, end = most_likely_window(voice, (0, len(voice.speech)))
    assert start <= frames(60)
    assert end >= frames(70) - 1
    assert end - start <= 30 * FRAMES_PER_SECOND


def test_the_threshold_is_what_the_request_asks_for():
    pieces = ((1, 0.0), (2, 0.6), (1, 0.0))
    assert voice_of(*pieces, threshold=0.6).speech.any()
    assert not voice_of(*pieces, threshold=0.7).speech.any()
    assert voice_of((3, 0.2), threshold=0.15).speech.any()


def test_the_padding_is_what_the_request_asks_for():
    pieces = ((2, 0.0), (3, 0.9), (2, 0.0))
    (clip,) = clips(voice_of(*pieces, seconds_before=1.0, seconds_after=0.1))
    assert seconds(clip)[0] == pytest.approx((1.0, 5.1), abs=0.07)
    (clip,) = clips(voice_of(*pieces, seconds_before=0.0, seconds_after=0.0))
    assert seconds(clip)[0] == pytest.approx((2.0, 5.0), abs=0.07)


def test_a_requested_pause_ends_a_chunk():
    pieces = ((3, 0.9), (0.6, 0.0), (3, 0.9), (1.2, 0.0), (3, 0.9))
    assert len(clips(voice_of(*pieces))) == 1
    assert len(clips(voice_of(*pieces, pause_seconds=1.0))) == 2
    assert len(clips(voice_of(*pieces, pause_seconds=0.5))) == 3


def test_chunks_longer_than_a_window_are_divided():
    voice = voice_of(*((9, 0.9), (0.5, 0.0)) * 5, (4, 0.0), (2, 0.9), pause_seconds=3.0)
    found = clips(voice)
    assert len(found) == 3
    assert all(len(clip) <= 30.5 * SAMPLE_RATE for clip in found)
