"""Models are files of numbers: safetensors, ONNX and CTranslate2, and none contains code."""

from __future__ import annotations

import io
import pickle
import re
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

# The formats whose files contain code: Python's pickle, which torch, numpy and joblib use too.
PICKLES = {".pt", ".pth", ".pkl", ".pickle", ".joblib", ".npy", ".npz", ".ckpt", ".h5"}


def test_no_model_is_a_pickle():
    tracked = subprocess.run(["git", "ls-files", "checkpoints"], cwd=ROOT, capture_output=True,
                             text=True, check=True).stdout.split()  # fmt: skip
    assert len(tracked) > 10
    weights = [Path(name) for name in tracked if Path(name).stat().st_size > 1_000_000]
    assert weights
    for path in map(Path, tracked):
        assert path.suffix not in PICKLES
        check_is_no_pickle(ROOT / path)


@pytest.mark.models
def test_no_exported_model_is_a_pickle(transcriber_folder, emotion_folder, summarizer_folder):
    for folder in (transcriber_folder, emotion_folder, summarizer_folder):
        files = [path for path in folder.iterdir() if path.is_file()]
        assert {path.suffix for path in files} <= {
            ".json", ".yaml", ".txt", ".onnx", ".data", ".bin", ".model",
        }  # fmt: skip
        for path in files:
            check_is_no_pickle(path)
        if (binary := folder / "model.bin").exists():
            # CTranslate2: the version of the format, then the name of the architecture
            content = binary.read_bytes()
            version, length = struct.unpack("<IH", content[:6])
            assert version <= 10
            assert content[6 : 5 + length].decode() in {"WhisperSpec", "TransformerSpec"}


def check_is_no_pickle(path):
    """Neither a pickle nor a zip file, in which torch puts its pickles."""
    start = path.read_bytes()[:4]
    assert not re.match(rb"\x80[\x02-\x05]|PK\x03\x04|\x93NUM|\x89HDF", start), path


@pytest.mark.parametrize("write", [pickle.dumps, lambda value: zipped(pickle.dumps(value))])
def test_a_pickle_is_recognized(tmp_path, write):
    path = tmp_path / "model.bin"
    path.write_bytes(write({"weights": [1.0]}))
    with pytest.raises(AssertionError):
        check_is_no_pickle(path)


def zipped(data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", data)
    return buffer.getvalue()


def test_no_code_that_ships_reads_pickles():
    for folder in ("samo", "runners", "exporting"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(
                r"^\s*(import|from) (pickle|joblib|dill|cloudpickle)\b", text, re.M
            )
            for call in re.findall(r"np\.load\([^)]*\)|torch\.load\([^)]*\)", text):
                assert re.search(r"allow_pickle=False|weights_only=True", call), (path, call)
