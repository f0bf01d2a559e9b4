"""Transcribe recordings of the shared data, and check the result."""

from __future__ import annotations

import re
from itertools import pairwise

import jiwer
import numpy as np

from exporting.transcriber import GOLDEN_TRANSCRIPT
from runners.transcriber.transcriber import SAMPLE_RATE, TranscriptionRequest
from samo.audio import decode


def words(text):
    return re.findall(r"[\w']+", text.lower())


def load(speech_data, manifest, name):
    (row,) = [row for row in manifest if row["id"] == name]
    return decode((speech_data / row["path"]).read_bytes()).samples


def silence(seconds):
    return np.zeros(int(seconds * SAMPLE_RATE), np.float32)


def assert_times(transcript):
    """0 <= start < end <= duration, in order."""
    for items in (transcript.segments, [w for s in transcript.segments for w in s.words or ()]):
        assert all(0 <= item.start < item.end <= transcript.duration for item in items)
        assert all(a.end <= b.start for a, b in pairwise(items))


def assert_golden(text):
    """Nearly the golden text: int8 rounds differently on CPUs without VNNI."""
    assert jiwer.wer(" ".join(words(GOLDEN_TRANSCRIPT)), " ".join(words(text))) < 0.15


def repeated(samples, times, pause):
    return np.concatenate([samples, silence(pause)] * times)


def transcribe(transcriber, samples, **options):
    request = TranscriptionRequest(samples.astype(np.float32), **options)
    (transcript,) = transcriber.predict([transcriber.prepare(request)])
    return transcript
