"""Repeats that were said, and loops that were not."""

from __future__ import annotations

import numpy as np
import pytest

from runners.transcriber.plausibility import (
    Evidence,
    is_plausible,
    is_plausible_unvoiced,
    is_prompt_echo,
    repeats_itself,
)
from runners.transcriber.transcript import SpokenWord
from runners.transcriber.voice_activity import FRAMES_PER_SECOND, find_speech


def voice(probability):
    probabilities = np.full(round(30 * FRAMES_PER_SECOND), probability, np.float32)
    return find_speech(probabilities, probabilities)


SPEECH, MAYBE, SILENCE = voice(0.9), voice(0.6), voice(0.0)


def evidence(words, log_probability=-0.15, compression=5.0, no_speech=0.1):
    return Evidence(log_probability, compression, no_speech, words)


def said(count, seconds=0.3, probability=0.95):
    return [SpokenWord(" enough", n * 0.4, n * 0.4 + seconds, probability) for n in range(count)]


def squeezed(count, timed):
    """A loop: most words are aligned to the same moment."""
    return said(timed) + [SpokenWord(" thanks", 20.0, 20.0, 0.95)] * (count - timed)


def test_an_affirmation_said_ten_times_was_said():
    assert is_plausible(evidence(said(30)), SPEECH)


def test_repeats_are_said_even_where_whisper_calls_it_silent():
    affirmation = evidence(said(30), log_probability=-0.8, no_speech=0.8)
    assert is_plausible(affirmation, SPEECH)
    assert not is_plausible(affirmation, MAYBE)


def test_a_loop_was_not_said():
    assert not is_plausible(evidence(squeezed(180, 45)), SPEECH)
    assert not is_plausible(evidence(said(30)), SILENCE)


def test_an_improbable_text_was_not_said():
    assert not is_plausible(evidence(said(5), log_probability=-1.1, compression=1.0), SPEECH)


def test_a_lone_closing_phrase_over_silence_was_not_said():
    thanks = [SpokenWord(" Thank", 29.0, 29.1, 0.6), *[SpokenWord(" you", 29.9, 29.9, 0.5)] * 3]
    assert not is_plausible(evidence(thanks, log_probability=-0.8, compression=0.7), SPEECH)


def test_silence_needs_more():
    words = squeezed(10, 7)
    assert is_plausible(evidence(words, -0.7, 1.0, no_speech=0.2), SPEECH)
    assert not is_plausible(evidence(words, -0.7, 1.0, no_speech=0.7), SPEECH)


def test_an_uncertain_voice_needs_more_where_it_may_be_silence():
    # what Whisper writes for a recording of noise on a CPU without VNNI
    doubtful = evidence(said(10), log_probability=-0.95, compression=0.85, no_speech=0.59)
    assert not is_plausible(doubtful, MAYBE)
    assert is_plausible(doubtful, SPEECH)
    assert is_plausible(evidence(said(10), -0.95, 0.85, no_speech=0.2), MAYBE)
    assert is_plausible(evidence(said(10), -0.7, 0.85, no_speech=0.59), MAYBE)


def test_a_whisper_must_be_heard_clearly():
    def whispered(words=None, log_probability=-0.35, compression=1.1):
        return is_plausible_unvoiced(evidence(words or said(16), log_probability, compression, 0.6))

    assert whispered()
    assert not whispered(words=said(2))
    assert not whispered(words=said(16, probability=0.4))
    assert not whispered(words=squeezed(40, 8))
    assert not whispered(log_probability=-0.9)
    assert not whispered(compression=4.0)


def test_silence_with_a_part_of_the_prompt_is_an_echo():
    words = [SpokenWord(" Zau", 1.0, 1.2, 0.9), SpokenWord(" al-Makan.", 1.2, 1.5, 0.9)]
    prompt = "Names: Zau al-Makan, Ana."
    assert is_prompt_echo(evidence(words, no_speech=0.7), prompt)
    assert not is_prompt_echo(evidence(words, no_speech=0.5), prompt)
    assert not is_prompt_echo(evidence(words, no_speech=0.7), "Names: Ana.")
    assert not is_prompt_echo(evidence(said(3), no_speech=0.7), "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("Then she threw herself upon him.", False),
        ("In being modern, in being modern.", True),
        ("He said, and he gathered her, and he gathered her up.", True),
        ("It was very, very good.", False),
        ("It was good here. It was bad here.", False),
    ],
)
def test_text_that_repeats_itself(text, expected):
    assert repeats_itself(text) is expected
