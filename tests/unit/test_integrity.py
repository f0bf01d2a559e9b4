"""A model whose files changed, or that computes different results, does not serve."""

from __future__ import annotations

import hashlib
import json

import pytest

from runners.errors import StartError
from runners.summarizer.config import SummarizerConfig
from runners.summarizer.t5 import T5
from samo.integrity import check_files, check_golden_sentences

TAG = "samo-transcriber:abc"


@pytest.fixture
def model(tmp_path):
    """A folder with two files, and the metadata that names them."""
    files = {"model.bin": bytes(range(256)) * 40, "vocabulary.txt": b"a\nb\n"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path, {
        "sha256": {name: hashlib.sha256(of).hexdigest() for name, of in files.items()}
    }


def test_files_as_exported_pass(model):
    check_files(TAG, *model)


@pytest.mark.parametrize("position", [0, 5000, 10_239])
def test_one_bit_changed_is_found(model, position):
    folder, metadata = model
    data = bytearray((folder / "model.bin").read_bytes())
    data[position] ^= 0x20
    (folder / "model.bin").write_bytes(data)
    with pytest.raises(
        StartError, match=r"model\.bin of the model samo-transcriber:abc was changed"
    ):
        check_files(TAG, folder, metadata)


@pytest.mark.parametrize("name", ["model.bin", "vocabulary.txt"])
def test_a_file_that_is_missing_or_short_is_found(model, name):
    folder, metadata = model
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(StartError, match="was changed"):
        check_files(TAG, folder, metadata)
    (folder / name).unlink()
    with pytest.raises(
        StartError, match="is missing: delete the model with `bentoml models delete"
    ):
        check_files(TAG, folder, metadata)


class ScriptedT5(T5):
    """Generates `outputs[sentence]` for each sentence; a sentence that is missing as it is."""

    def __init__(self, outputs):
        self.outputs = outputs
        self.config = SummarizerConfig("write: ", "sentences", 512, 200, 10, 1, 0, 1.0, 0.0)

    def encode(self, text):
        return (text,)

    def generate(self, inputs):
        sentences = [text.removeprefix("write: ") for (text,) in inputs]
        return [self.outputs.get(sentence, sentence) for sentence in sentences]


def test_golden_sentences(tmp_path):
    check_golden_sentences(TAG, tmp_path, ScriptedT5({}))  # the model has no golden sentences
    golden = {"i was sad": "I was sad.", "i was glad": "I was glad.", "um hello": "Hello."}
    (tmp_path / "golden.json").write_text(json.dumps(golden))
    check_golden_sentences(TAG, tmp_path, ScriptedT5(golden))
    almost = {**golden, "um hello": "Hello!"}
    check_golden_sentences(TAG, tmp_path, ScriptedT5(almost))
    with pytest.raises(StartError, match="reproduces 0 of 3 golden samples"):
        check_golden_sentences(TAG, tmp_path, ScriptedT5({}))
