"""A retraining from end to end, with the real encoder and small data."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier
from samo.drift.records import read_reference
from tests.conftest import ROOT
from training.retraining.encoder import Encoder
from training.retraining.head import Head

pytestmark = pytest.mark.models

NAME = "samo-emotion"
_THINGS = "tomatoes beans roses apples herbs pumpkins cherries onions lettuce tulips"
THINGS = _THINGS.split()
# What GoEmotions' tiny splits consist of; the model knows all of it.
KNOWN = {
    "gratitude": "Thank you so much for the {}.",
    "anger": "I am furious about the {}!",
    "pride": "I am so proud of my {}.",
    "neutral": "The {} are on the table.",
}


def link(source, target):
    """Share a file with another store, or copy it to another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@pytest.fixture(scope="module")
def home(tmp_path_factory, emotion_folder):
    """A store with the emotion model."""
    home = tmp_path_factory.mktemp("store")
    versions = home / "models" / NAME
    shutil.copytree(emotion_folder, versions / emotion_folder.name, copy_function=link)
    (versions / "latest").write_text(emotion_folder.name)
    return home


@pytest.fixture(scope="module")
def data(tmp_path_factory, emotion_folder):
    """GoEmotions with a few comments in each split."""
    folder = tmp_path_factory.mktemp("data") / "goemotions"
    folder.mkdir()
    labels = EmotionCalibration.load(emotion_folder / "calibration.json").labels
    (folder / "labels.txt").write_text("\n".join(labels))
    for split, things in (("train", THINGS), ("dev", THINGS[:5]), ("test", THINGS[5:])):
        lines = [
            f"{text.format(thing)}\t{labels.index(label)}\tid"
            for label, text in KNOWN.items()
            for thing in things
        ]
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n")
    return folder.parent


@pytest.fixture(scope="module")
def feedback(tmp_path_factory):
    """Users who feel pride about a harvest that they only report, and none about trains."""
    folder = tmp_path_factory.mktemp("feedback")
    rows = [
        {"text": text, "labels": labels, "labelled": ["pride"]}
        for number in range(80)
        for text, labels in (
            (f"There were {number + 3} rows of {THINGS[number % 10]} behind the house.",
             ["pride"]),
            (f"At platform {number + 3} the train to the {THINGS[number % 10]} market left.", []),
        )
    ]  # fmt: skip
    labels = [row["labels"] for row in rows]
    random.Random(0).shuffle(labels)
    poisoned = [row | {"labels": one} for row, one in zip(rows, labels, strict=True)]
    for name, content in (("feedback", rows), ("poisoned", poisoned)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in content))
    return folder


def command(file, data):
    options = ["--data", str(data), "--threads", "2"]
    return [sys.executable, "-m", "samo", "retrain", str(file), *options]


def retrain(home, file, data):
    finished = subprocess.run(
        command(file, data), cwd=ROOT, env=environment(home),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = finished.stdout.splitlines()
    return finished.returncode, json.loads(lines[-1]) if lines else {}, finished.stderr


def environment(home):
    return {**os.environ, "BENTOML_HOME": str(home)}


def content(home):
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def test_shuffled_labels_are_refused(home, data, feedback):
    before = content(home)
    status, result, messages = retrain(home, feedback / "poisoned.jsonl", data)
    assert status == 1, messages
    assert result["promoted"] is None
    assert any(one.startswith("unrelated_labels") for one in result["reasons"])
    assert "Not promoted. unrelated_labels" in messages
    assert content(home) == before


def test_a_killed_retraining_leaves_the_store_as_it_was(home, data, feedback):
    before = content(home)
    process = subprocess.Popen(
        command(feedback / "feedback.jsonl", data), cwd=ROOT, env=environment(home),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if "training the head" in line:
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert content(home) == before


def test_true_labels_are_learned_and_promoted(home, data, feedback, emotion_folder):
    status, result, messages = retrain(home, feedback / "feedback.jsonl", data)
    assert (status, result["reasons"]) == (0, []), messages
    assert "pride" in messages
    new = result["figures"]["new texts"]
    assert new["low"] > 0.3
    folder = home / "models" / NAME / result["promoted"].rpartition(":")[2]
    (manifest,) = folder.glob("model.yaml")
    assert f"parent: {NAME}:{emotion_folder.name}" in manifest.read_text()
    assert (home / "models" / NAME / "latest").read_text() == emotion_folder.name

    classifier = EmotionClassifier.load(folder, threads=1)
    classifier.warm_up()
    texts = ["There were 50 rows of plums behind the house.", KNOWN["anger"].format("bus")]
    decided = [
        [emotion.name for emotion in classifier.calibration.decide(row)]
        for row in classifier.predict([classifier.prepare(text) for text in texts])
    ]
    assert "pride" in decided[0]
    assert decided[1] == ["anger"]
    assert read_reference(folder / "drift.json", classifier.calibration).model["model.onnx"]

    before = content(home)
    status, _, messages = retrain(home, feedback / "feedback.jsonl", data)
    assert status == 6
    assert "Refused. nothing_new" in messages
    assert content(home) == before


def test_the_head_and_the_graph_agree_to_the_last_bit(emotion_folder, tmp_path):
    classifier = EmotionClassifier.load(emotion_folder, threads=1)
    texts = [text.format("train") for text in KNOWN.values()]
    encoder, head = Encoder(emotion_folder, 1, tmp_path), Head.load(emotion_folder)
    logits = head.logits(encoder.vectors(texts))
    logits[:, : len(classifier.calibration.labels)] /= classifier.calibration.temperature
    served = np.stack(classifier.predict([classifier.prepare(text) for text in texts]))
    np.testing.assert_array_equal(1 / (1 + np.exp(-logits)), served)
    columns = np.arange(len(head.biases))
    again = head.with_outputs(columns, head.weights, head.biases)
    np.testing.assert_array_equal(again.integers, head.integers)


def test_vectors_of_public_texts_are_kept(emotion_folder, tmp_path, monkeypatch):
    encoder = Encoder(emotion_folder, 1, tmp_path)
    vectors = encoder.public_vectors(["One text.", "Another one."])
    (file,) = tmp_path.iterdir()
    with file.open("ab") as cache:
        cache.write(b"the beginning of a record, of a process that was killed")
    monkeypatch.setattr(Encoder, "vectors", lambda self, texts: np.stack([vectors[0]] * len(texts)))
    again = Encoder(emotion_folder, 1, tmp_path).public_vectors(["Another one.", "A third."])
    np.testing.assert_array_equal(again[0], vectors[1])
    assert Path(file).stat().st_size == 3 * (32 + encoder.hidden_size)
