"""How Whisper is asked: the same recording must always get the same transcript."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from runners.transcriber.whisper import Whisper


def test_decoding_never_samples():
    asked = []

    def transcribe(samples, **options):
        asked.append(options)
        return [], None

    whisper = Whisper.__new__(Whisper)  # without a model
    whisper.transcribe = transcribe
    clip: Any = SimpleNamespace(cut=lambda samples: samples)
    assert whisper.write_down(np.zeros(16_000, np.float32), clip, "en", "transcribe") == []
    assert [options["temperature"] for options in asked] == [[0.0]]
