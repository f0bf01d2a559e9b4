"""The build context of the image: only allowed files, and always the same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.models

WRITE_CONTEXT = "import pathlib, sys; from deploy.container.context import write_build_context; "
WRITE_CONTEXT += "print(write_build_context(pathlib.Path(sys.argv[1])))"


def write_build_context(folder: Path) -> tuple[str, dict[str, str]]:
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", WRITE_CONTEXT, str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    digests = {
        f"{path.relative_to(folder)} {path.stat().st_mode:o}": hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    return done.stdout.split()[-1], digests


def test_the_context_contains_only_allowed_files_and_is_reproducible(tmp_path):
    before = os.umask(0o077)
    try:
        version, files = write_build_context(tmp_path / "one")
    finally:
        os.umask(before)
    assert write_build_context(tmp_path / "two") == (version, files)

    assert {path.name for path in (tmp_path / "one").iterdir()} == {
        ".dockerignore", "Dockerfile", "bento", "models", "requirements.txt",
    }  # fmt: skip
    assert {path.name for path in (tmp_path / "one/bento/src").iterdir()} == {
        "LICENSE", "NOTICE", "README.md", "bentofile.yaml", "runners", "samo", "service.py",
    }  # fmt: skip
    models = tmp_path / "one/models"
    assert {path.name for path in models.iterdir()} == {
        "samo-emotion", "samo-emotion-small", "samo-summarizer", "samo-transcriber",
    }  # fmt: skip
    manifest = (tmp_path / "one/bento/bento.yaml").read_text()
    for latest in models.glob("*/latest"):
        own = latest.read_text()
        assert f"version: {own}" in (latest.parent / own / "model.yaml").read_text()
        assert f"tag: {latest.parent.name}:{own}" in manifest
    assert f"version: {version}" in manifest


def test_a_model_that_is_exported_again_does_not_change_the_image(tmp_path):
    first = write_build_context(tmp_path / "one")
    subprocess.run(
        [sys.executable, "export_models.py", "summarizer", "--force"], cwd=ROOT, check=True
    )
    assert write_build_context(tmp_path / "two") == first


def test_packages_for_exporting_are_not_installed():
    locked = (ROOT / "requirements/serve.txt").read_text()
    names = {line.split("==")[0] for line in locked.splitlines() if "==" in line}
    assert not names & {"onnx", "onnx-ir", "safetensors", "sympy", "torch", "transformers"}
