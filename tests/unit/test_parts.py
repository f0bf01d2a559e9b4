"""Recordings in parts: nothing is lost between them, and their transcripts are joined in order."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from runners.batching import Batcher
from runners.errors import ModelFailure
from runners.fakes import FakeTranscriber
from runners.transcriber.parts import PartRequest, TranscribedParts, divide, divide_section
from runners.transcriber.transcript import (
    SAMPLE_RATE,
    Segment,
    SpokenWord,
    TextDelta,
    TimeSpan,
    Transcript,
    TranscriptionRequest,
    VoiceDetection,
)
from samo.audio import decode
from samo.insight.parts import transcribe_parts, transcribe_sections
from tests.conftest import RECORDING


@pytest.fixture(scope="module")
def speech():
    """Two minutes of speech."""
    samples = decode(RECORDING.read_bytes()).samples
    return np.tile(np.concatenate([samples, np.zeros(SAMPLE_RATE, np.float32)]), 10)


def test_the_parts_are_the_recording(speech):
    parts = divide(TranscriptionRequest(speech))
    assert len(parts) >= 4
    assert np.array_equal(np.concatenate([part.samples for part in parts]), speech)
    starts = np.cumsum([0, *(len(part.samples) for part in parts)])[:-1]
    assert [part.start_sample for part in parts] == [*starts]


def test_a_part_is_cut_at_a_pause(speech):
    parts = divide(TranscriptionRequest(speech))
    for part in parts:
        assert len(part.samples) < 40 * SAMPLE_RATE
        edge = SAMPLE_RATE // 50
        assert np.abs(part.samples[:edge]).max() < 0.05
        assert np.abs(part.samples[-edge:]).max() < 0.05


def test_parts_keep_the_options(speech):
    detection = VoiceDetection(threshold=0.4)
    request = TranscriptionRequest(
        speech, "de", "translate", prompt="Hello", keywords=("Ana",), voice_detection=detection
    )
    for part in divide(request):
        assert (part.language, part.task, part.prompt) == ("de", "translate", "Hello")
        assert (part.keywords, part.voice_detection) == (("Ana",), detection)


@pytest.mark.parametrize(
    "samples", [np.zeros(50 * SAMPLE_RATE, np.float32), np.zeros(1, np.float32)]
)
def test_a_recording_without_a_voice_is_one_part(samples):
    (part,) = divide(TranscriptionRequest(samples))
    assert len(part.samples) == len(samples)
    assert not part.voice.is_certain


def test_a_part_knows_that_there_is_a_voice_elsewhere(speech):
    for part in divide(TranscriptionRequest(speech)):
        assert part.voice.is_certain
        silent = part.voice.part((0, 1))
        assert silent.is_certain
        assert not silent.is_certain_in((0, 1))


def test_sections_meet_at_a_pause(speech):
    section = 70 * SAMPLE_RATE
    parts: list[PartRequest] = []
    start = 0
    while start < len(speech):
        request = TranscriptionRequest(speech[start : start + section])
        is_last = start + section >= len(speech)
        found, used = divide_section(request, start, is_last=is_last)
        assert used == sum(len(part.samples) for part in found) > 0
        parts += found
        start += used
    assert np.array_equal(np.concatenate([part.samples for part in parts]), speech)
    assert max(len(part.samples) for part in parts) > 15 * SAMPLE_RATE


def segment(start, end, text, language="en"):
    word = SpokenWord(text, start, end, 0.9)
    return Segment(
        0, start, end, text, -0.1, 0.0, 1.0, 0.0, (), (word,), language, window_start=start
    )


def transcript(*segments, language="en", probability=0.9, unclear=()):
    return Transcript(
        "", language, probability, 5.0, 0.9, no_speech=not segments, segments=segments,
        unclear=tuple(TimeSpan(*span) for span in unclear),
    )  # fmt: skip


def test_transcripts_are_joined():
    joined = TranscribedParts()
    joined.add(0, transcript(segment(0.5, 2.0, " One.")))
    joined.add(5 * SAMPLE_RATE, transcript(unclear=[(1.0, 2.0)]))
    joined.add(10 * SAMPLE_RATE, transcript(segment(0.25, 4.0, " Zwei.", "de"), language="de"))
    result = joined.transcript(15.0, word_timestamps=True)
    assert result.text == "One. Zwei."
    assert [(one.id, one.start, one.end) for one in result.segments] == [
        (0, 0.5, 2.0), (1, 10.25, 14.0),
    ]  # fmt: skip
    assert [word.start for one in result.segments for word in one.words or ()] == [0.5, 10.25]
    assert result.unclear == (TimeSpan(6.0, 7.0),)
    assert (result.language, result.duration, result.no_speech) == ("de", 15.0, False)
    assert [span.language for span in result.languages] == ["en", "de"]
    assert joined.transcript(15.0, word_timestamps=False).segments[0].words is None


def test_nothing_is_joined_to_silence():
    joined = TranscribedParts("fr")
    joined.add(0, transcript(language="fr"))
    result = joined.transcript(5.0, word_timestamps=False)
    assert (result.text, result.language, result.no_speech) == ("", "fr", True)


class Numbered(FakeTranscriber):
    """Says the start of each part; later parts are done first."""

    def __init__(self, failing=None):
        self.main_languages = []
        self._failing = failing

    def predict(self, batch):
        (part,) = batch
        second = part.start_sample // SAMPLE_RATE
        self.main_languages.append(part.main_language)
        if second == self._failing:
            raise RuntimeError
        return [transcript(segment(0.0, 1.0, f" {second}"), language="de", probability=0.7)]


def batcher(runner):
    return Batcher("transcriber", runner, max_batch_cost=1, max_wait_seconds=10, num_workers=2)


def part(second):
    samples = np.zeros(SAMPLE_RATE, np.float32)
    whole = divide(TranscriptionRequest(samples))[0]
    return replace(whole, start_sample=second * SAMPLE_RATE)


def test_parts_are_reported_in_order_and_told_the_language():
    runner = Numbered()
    texts: list[TextDelta] = []
    request = TranscriptionRequest(np.zeros(6 * SAMPLE_RATE, np.float32), on_text=texts.append)
    parts = [part(second) for second in range(6)]
    result = asyncio.run(transcribe_parts(batcher(runner), parts, request))
    assert "".join(delta.text for delta in texts) == result.text == "0 1 2 3 4 5"
    assert result.language == "en"  # of the segments
    assert runner.main_languages == [None, *["en"] * 5]


async def sections_of(*sections):
    for section in sections:
        yield [part(second) for second in section]


def transcribed(runner, *sections):
    done: list[float] = []
    joined = asyncio.run(
        transcribe_sections(batcher(runner), sections_of(*sections), 2, None, done.append)
    )
    return joined, done


def test_sections_are_joined_in_order():
    joined, done = transcribed(Numbered(), [0, 1, 2], [], [3], [4, 5])
    assert joined.text == "0 1 2 3 4 5"
    assert done == [1.0] * 6


def test_a_part_that_fails_ends_it():
    with pytest.raises(ModelFailure):
        transcribed(Numbered(failing=3), range(20))
