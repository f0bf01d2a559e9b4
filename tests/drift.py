"""References, monitors and traffic for the tests of drift, with the fake classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from runners.fakes import FakeEmotionClassifier
from samo.audio import AudioLevels
from samo.drift.creation import ObservedModel, create_monitor
from samo.drift.features import (
    RecordingNumbers,
    passage_numbers,
    recording_columns,
    text_columns,
    whole_words,
)
from samo.drift.monitor import DriftMonitor
from samo.drift.records import write_reference
from samo.drift.reference import Reference, make_stream, stream_categories
from samo.settings import Settings

CLASSIFIER = FakeEmotionClassifier()
CALIBRATION = CLASSIFIER.calibration
MODEL = ObservedModel(CALIBRATION, CLASSIFIER.vocabulary, {"model.onnx": "ab" * 32}, None)


def texts(number: int, seed: int = 0) -> list[str]:
    """Texts of 1 to 6 names of labels, which the fake classifier predicts."""
    random = np.random.default_rng(seed)
    return [
        " ".join(random.choice(CALIBRATION.labels, random.integers(1, 7))) for _ in range(number)
    ]


def levels(number: int, decibels: float = -25.0, seed: int = 0) -> list[AudioLevels]:
    """Levels of recordings around one level."""
    random = np.random.default_rng(seed)
    return [AudioLevels(level, level - 30, 0.0) for level in random.normal(decibels, 4.0, number)]


def reference(model: dict[str, str] | None = None) -> Reference:
    """A reference of 2,000 such texts and 200 recordings."""
    known = texts(2000, seed=99)
    vocabulary = whole_words(CLASSIFIER.vocabulary)
    categories = stream_categories(CALIBRATION)
    numbers = [passage_numbers(text, vocabulary) for text in known]
    recordings = [RecordingNumbers(one.level, one.noise, "en") for one in levels(200, seed=99)]
    return Reference(
        model or {},
        "tests",
        {
            "texts": make_stream(
                text_columns(numbers, CLASSIFIER.predict(known), CALIBRATION), 2000, categories
            ),
            "recordings": make_stream(recording_columns(recordings), 200, categories),
        },
    )


def write(path: Path, model: dict[str, str] | None = None) -> Path:
    """Write this reference to a file."""
    path.write_text(write_reference(reference(model)), encoding="utf-8")
    return path


def monitor_of(settings: Settings, model: ObservedModel) -> DriftMonitor:
    """The monitor of these settings, which is not off."""
    monitor = create_monitor(settings, model)
    assert isinstance(monitor, DriftMonitor)
    return monitor
