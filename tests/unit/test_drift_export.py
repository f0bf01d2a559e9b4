"""The reference of a checkpoint becomes that of the model that is exported from it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from exporting.drift import checkpoint_identity, model_identity, write_drift_reference
from exporting.errors import ExportError
from samo.drift.records import read_reference, write_reference
from tests.conftest import ROOT
from tests.drift import CALIBRATION, reference


@pytest.fixture
def folders(tmp_path):
    """A checkpoint with a reference, and a model that was exported from it."""
    checkpoint, exported = tmp_path / "checkpoint", tmp_path / "exported"
    checkpoint.mkdir()
    exported.mkdir()
    (checkpoint / "adapter_model.safetensors").write_bytes(b"adapter")
    calibration = {
        "labels": CALIBRATION.labels, "thresholds": [0.3] * len(CALIBRATION.labels),
        "temperature": 1.0, "moods": CALIBRATION.moods, "mood_thresholds": [0.3] * 3,
        "contexts": CALIBRATION.contexts, "context_thresholds": [0.3] * 3,
    }  # fmt: skip
    (checkpoint / "calibration.json").write_text(json.dumps(calibration))
    shutil.copy(checkpoint / "calibration.json", exported)
    (exported / "model.onnx").write_bytes(b"graph")
    bound = replace(reference(), model=checkpoint_identity(checkpoint))
    (checkpoint / "drift.json").write_text(write_reference(bound))
    return checkpoint, exported


def test_the_reference_gets_the_hashes_of_the_exported_model(folders):
    checkpoint, exported = folders
    assert write_drift_reference(checkpoint, exported)
    copied = read_reference(exported / "drift.json", CALIBRATION)
    assert copied.model == model_identity(exported)
    assert {*copied.model} == {"model.onnx", "calibration.json"}
    assert copied.streams["texts"].bins == reference().streams["texts"].bins


def test_the_reference_of_another_checkpoint_is_refused(folders):
    checkpoint, exported = folders
    (checkpoint / "adapter_model.safetensors").write_bytes(b"trained again")
    with pytest.raises(ExportError, match="another checkpoint"):
        write_drift_reference(checkpoint, exported)


def test_a_damaged_reference_is_refused(folders):
    checkpoint, exported = folders
    (checkpoint / "drift.json").write_text("{")
    with pytest.raises(ExportError, match="cannot be used"):
        write_drift_reference(checkpoint, exported)


def test_a_checkpoint_may_have_none(folders):
    checkpoint, exported = folders
    (checkpoint / "drift.json").unlink()
    assert not write_drift_reference(checkpoint, exported)
    assert not (exported / "drift.json").exists()


def test_the_committed_reference_is_of_the_committed_checkpoint():
    checkpoint = ROOT / "checkpoints" / "emotion"
    record = json.loads((checkpoint / "drift.json").read_text(encoding="utf-8"))
    assert record["model"] == checkpoint_identity(checkpoint)
    assert {*record["streams"]} == {"texts", "recordings"}
