"""The small emotion model, as exported, and as the service serves it."""

from __future__ import annotations

import pytest

from runners.emotion.classifier import EmotionClassifier
from samo.settings import Settings
from tests.conftest import running

pytestmark = pytest.mark.models

TEXTS = {
    "Thank you so much for staying with me last night.": "gratitude",
    "I am furious that they lied to us again.": "anger",
    "My grandmother died on Tuesday and the house is so quiet.": "sadness",
    "The bus leaves at seven and takes forty minutes.": "neutral",
    "I love you more than I can say.": "love",
    "so happy😀": "joy",
}


@pytest.fixture(scope="module")
def classifier(small_emotion_folder):
    return EmotionClassifier.load(small_emotion_folder, threads=2, parallel=True)


def test_it_has_the_outputs_of_the_large_model(classifier, emotion_folder):
    large = EmotionClassifier.load(emotion_folder, threads=2)
    assert classifier.calibration.outputs == large.calibration.outputs
    assert len(classifier.vocabulary) != len(large.vocabulary)


def test_its_golden_sample_and_typical_texts(classifier):
    classifier.warm_up()
    for text, emotion in TEXTS.items():
        (row,) = classifier.predict([classifier.prepare(text)])
        assert emotion in [one.name for one in classifier.calibration.decide(row)], text


def test_it_is_exported_in_less_than_30_megabytes(small_emotion_folder):
    assert sum(path.stat().st_size for path in small_emotion_folder.glob("model.onnx*")) < 30e6


def test_the_service_says_which_model_it_serves():
    with running(Settings(runners="real", emotion_model="small")) as client:
        models = client.get("/models/status").json()
        prediction = client.post("/predict", json={"text": "I love you more than I can say."})
        drift = client.get("/monitoring/drift").json()
    assert models["emotion"]["tag"].startswith("samo-emotion-small:")
    assert prediction.json()["emotions"][0]["emotion"] == "love"
    assert drift["state"] == "on"
