from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from exporting.emotion import PARITY_TOLERANCE
from runners.emotion import MAX_TOKENS, EmotionClassifier
from tests.conftest import ROOT

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def classifier(emotion_folder):
    return EmotionClassifier.load(emotion_folder, threads=2)


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("Thank you so much for staying with me last night.", "gratitude"),
        ("I am furious that they lied to us again.", "anger"),
        ("My grandmother died on Tuesday and the house is so quiet.", "sadness"),
        ("The bus leaves at seven and takes forty minutes.", "neutral"),
        ("I'm so sorry, I should never have said that.", "remorse"),
        ("I love you more than I can say.", "love"),
    ],
)
def test_feels_what_is_felt(classifier, text, emotion):
    (row,) = classifier.predict([classifier.prepare(text)])
    assert emotion in [e.name for e in classifier.scale.decide(row)]


def test_a_text_gets_about_the_same_probabilities_in_any_company(classifier):
    texts = ["I love it.", "Why?", "This is a rather long sentence about nothing in particular."]
    prepared = [classifier.prepare(text) for text in texts]
    together = classifier.predict(prepared)
    for row, one in zip(together, prepared, strict=True):
        (alone,) = classifier.predict([one])
        # dynamic quantization scales activations over the whole batch
        assert np.abs(row - alone).max() < PARITY_TOLERANCE
        assert row.shape == (28,)
        assert row.dtype == np.float32


def test_long_and_odd_texts_are_cut_to_the_longest_input(classifier):
    assert len(classifier.prepare("我" * 5000)) == MAX_TOKENS
    assert np.isfinite(classifier.predict([classifier.prepare("我" * 5000)])).all()
    assert np.isfinite(classifier.predict([classifier.prepare("\x00")])).all()


def test_onnxruntime_leaves_no_device_id_behind(emotion_folder, tmp_path):
    code = (
        "import sys; from pathlib import Path; from runners.emotion import EmotionClassifier as E;"
        "c = E.load(Path(sys.argv[1]), threads=1); c.warm_up()"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))}
    subprocess.run(
        [sys.executable, "-c", code, str(emotion_folder)],
        cwd=ROOT, env={**environment, "HOME": str(tmp_path)}, check=True,
    )  # fmt: skip
    assert list(tmp_path.rglob("*")) == []
