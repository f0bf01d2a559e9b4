"""Times stay in the recording, in order, and never span a pause that was cut out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.transcriber.timestamps import (
    clamp_segments,
    clamp_spans,
    speech_seconds,
    to_recording_time,
    to_seconds,
    trim_leading_pauses,
)
from runners.transcriber.transcript import SAMPLE_RATE, Segment, SpokenWord, Transcript
from samo.api.openai_responses import srt

times = st.floats(-5, 400, allow_nan=False)
spans = st.lists(st.tuples(times, times), min_size=1, max_size=60)


def word(start, end, text=" word"):
    return SpokenWord(text, start, end, 0.9)


def segment(*words, language="en"):
    return Segment(
        id=7, start=0.0, end=0.0, text="".join(word.text for word in words),
        average_log_probability=-0.2, no_speech_probability=0.0, compression_ratio=1.0,
        temperature=0.0, tokens=(), words=words, language=language,
    )  # fmt: skip


def assert_in_order(settled, duration):
    assert all(0 <= start < end <= duration for start, end in settled)
    assert all(a[1] <= b[0] for a, b in pairwise(settled))


@given(spans, st.integers(120, 300_000))
def test_settled_times_are_in_order_and_in_the_recording(found, milliseconds):
    assert_in_order(clamp_spans(found, milliseconds / 1000), milliseconds / 1000)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=40))
def test_good_times_are_not_moved(steps):
    good, now = [], 0.0
    for step in steps:
        good.append((round(now, 3), round(now + 0.05 + step / 1000, 3)))
        now = round(good[-1][1] + 0.01, 3)
    assert clamp_spans(good, now + 1) == good


def test_an_end_beyond_the_recording_is_cut():
    assert clamp_spans([(0.0, 1.0)], 0.301) == [(0.0, 0.301)]
    assert clamp_spans([(0.0, 15.84)], 15.69) == [(0.0, 15.69)]


def test_words_after_the_end_still_have_a_time():
    assert_in_order(clamp_spans([(0.1, 0.2), (0.5, 0.6), (0.6, 0.7)], 0.25), 0.25)


@st.composite
def parts_and_span(draw):
    edges = sorted(draw(st.sets(st.integers(0, 2_000_000), min_size=2, max_size=12)))
    edges = edges[: len(edges) // 2 * 2]
    parts = list(zip(edges[::2], edges[1::2], strict=True))
    joined = sum(last - first for first, last in parts) / SAMPLE_RATE
    start, end = sorted(draw(st.floats(0, joined + 2)) for _ in range(2))
    return parts, (start, end)


@given(parts_and_span())
def test_a_span_stays_in_one_part(case):
    parts, span = case
    index, (start, end) = to_recording_time(span, parts)
    first, last = parts[index]
    assert first <= start * SAMPLE_RATE + 1e-3
    assert start <= end
    assert end * SAMPLE_RATE <= last + 1e-3


def test_times_are_led_back_across_a_cut_pause():
    parts = [(0, 10 * SAMPLE_RATE), (40 * SAMPLE_RATE, 50 * SAMPLE_RATE)]
    assert to_recording_time((9.0, 9.5), parts) == (0, (9.0, 9.5))
    assert to_recording_time((10.5, 11.0), parts) == (1, (40.5, 41.0))
    assert to_recording_time((9.9, 11.0), parts) == (1, (40.0, 41.0))
    assert to_recording_time((20.5, 21.0), parts) == (1, (50.0, 50.0))


def test_segments_begin_and_end_with_their_words():
    settled = clamp_segments(
        [segment(word(0.2, 0.5), word(0.5, 9.9)), segment(word(40.0, 70.0))], duration=52.9
    )
    assert [(s.id, s.start, s.end) for s in settled] == [(0, 0.2, 9.9), (1, 40.0, 52.9)]


def test_a_segment_begins_with_its_speech():
    speech = np.zeros(400, bool)
    speech[150:300] = True  # 4.8 s to 9.6 s
    stretched = segment(word(3.8, 5.1), word(5.1, 5.4))
    (moved,) = trim_leading_pauses([stretched], speech)
    assert moved.words
    assert stretched.words
    assert moved.words[0].start == pytest.approx(4.7, abs=0.05)
    assert moved.words[1:] == stretched.words[1:]
    for kept in (segment(word(4.6, 5.1)), segment(word(1.0, 2.0)), segment(word(20.0, 21.0))):
        assert trim_leading_pauses([kept], speech) == [kept]


def test_pauses_are_not_spoken():
    settled = clamp_segments([segment(word(0, 1), word(1.5, 2), word(6, 7))], 10.0)
    assert speech_seconds(settled) == pytest.approx(3.0)
    assert speech_seconds(()) == 0.0


def test_languages_are_spans_of_segments():
    settled = clamp_segments(
        [segment(word(0, 1)), segment(word(1, 2)), segment(word(3, 4), language="es")], 4.0
    )
    transcript = Transcript("", "en", 1.0, 4.0, 0.9, no_speech=False, segments=settled)
    found = [(s.language, s.start, s.end) for s in transcript.languages]
    assert found == [("en", 0.0, 2.0), ("es", 3.0, 4.0)]


def test_a_cue_ends_with_the_recording():
    settled = clamp_segments([segment(word(0.0, 1.0, " No."))], to_seconds(4813))
    assert srt(settled) == "1\n00:00:00,000 --> 00:00:00,301\nNo.\n"
