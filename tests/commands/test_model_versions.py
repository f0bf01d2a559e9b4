"""`samo models list`, `promote` and `rollback`, in a store of small files."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from samo import cli, model_store
from samo.hashing import sha256
from samo.model_store import Pointer
from tests.conftest import ROOT

NAME = "samo-summarizer"  # its golden sentences are not run at a promotion

MANIFEST = """\
name: samo-summarizer
version: {version}
module: ''
labels: {{checkpoint: default}}
options: {{}}
metadata:
  checkpoint: checkpoints/summarizer
  sha256: {{weights: {digest}}}
context:
  framework_name: ''
  framework_versions: {{}}
  bentoml_version: 1.4.39
  python_version: '3.11'
signatures: {{}}
api_version: v1
creation_time: '2026-01-0{day}T00:00:00+00:00'
"""


@pytest.fixture
def versions(tmp_path, monkeypatch):
    """A store with the versions one, two and three; the last is the newest."""
    from bentoml._internal.configuration.containers import BentoMLContainer
    from bentoml._internal.models import ModelStore

    # it keeps the store that it has opened first
    BentoMLContainer.model_store.set(ModelStore(tmp_path / "models"))
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path))
    folder = tmp_path / "models" / NAME
    for day, version in enumerate(("one", "two", "three"), start=1):
        (folder / version).mkdir(parents=True)
        weights = folder / version / "weights"
        weights.write_text(version)
        manifest = MANIFEST.format(version=version, day=day, digest=sha256(weights))
        (folder / version / "model.yaml").write_text(manifest)
    (folder / "latest").write_text("three")
    yield folder
    BentoMLContainer.model_store.reset()


def run(capsys, *arguments):
    status = cli.main(["models", *arguments])
    output, messages = capsys.readouterr()
    return status, output, " ".join(messages.split())


def served():
    return model_store.version_of(model_store.find_model(NAME))


def test_promotions_are_undone_one_after_the_other(versions, capsys):
    assert served() == "three"
    for version in ("one", "two"):
        status, output, _ = run(capsys, "promote", f"{NAME}:{version}")
        assert (status, output, served()) == (0, f"{NAME}:{version}\n", version)
    _, output, _ = run(capsys, "list", NAME, "--json")
    assert [one["tag"] for one in json.loads(output) if one["serves"]] == [f"{NAME}:two"]
    for version in ("one", "three"):
        assert run(capsys, "rollback", NAME)[:2] == (0, f"{NAME}:{version}\n")
        assert served() == version
    status, _, message = run(capsys, "rollback", NAME)
    assert (status, served()) == (4, "three")
    assert "No former version" in message


def test_a_new_export_does_not_replace_a_promoted_version(versions, capsys):
    run(capsys, "promote", f"{NAME}:one")
    (versions / "latest").write_text("two")
    assert served() == "one"


def test_a_rollback_passes_over_deleted_versions(versions, capsys):
    Pointer("three", ("one", "gone")).write(NAME)
    assert run(capsys, "rollback", NAME)[1] == f"{NAME}:one\n"


def test_the_list_is_readable_in_a_pipe(versions, capsys):
    _, output, _ = run(capsys, "list", NAME)
    rows = [line.split("\t") for line in output.splitlines()]
    assert [row[:2] for row in rows] == [
        [f"{NAME}:three", "serves"], [f"{NAME}:two", ""], [f"{NAME}:one", ""]
    ]  # fmt: skip


def test_without_a_name_the_emotion_model_of_the_settings_is_meant(versions, capsys, monkeypatch):
    monkeypatch.setenv("SAMO_EMOTION_MODEL", "small")
    for action in ("list", "rollback"):
        assert "samo-emotion-small" in run(capsys, action)[2]


@pytest.mark.parametrize(
    ("tag", "status", "message"),
    [
        (f"{NAME}:four", 4, f"store: `samo models list {NAME}` lists what is"),
        ("", 2, "'' is no tag"),
        (f"{NAME}:o", 4, "is not in the model store"),  # BentoML would find "one"
        (NAME, 2, "is no tag"),
        (f"{NAME}:latest", 2, "is no tag"),
        ("samo-nothing:one", 4, "The model store has no samo-nothing"),
        ("../../etc:one", 4, "The model store has no ../../etc"),
    ],
)
def test_what_cannot_be_promoted_is_named(versions, capsys, tag, status, message):
    result = run(capsys, "promote", tag)
    assert (result[0], served()) == (status, "three")
    assert message in result[2]


def test_a_version_with_a_changed_file_is_refused(versions, capsys):
    (versions / "one" / "weights").write_text("changed")
    status, _, message = run(capsys, "promote", f"{NAME}:one")
    assert (status, served()) == (4, "three")
    assert f"weights of the model {NAME}:one was changed" in message


def test_a_promotion_is_refused_while_another_one_runs(versions, capsys):
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from samo.model_store import promotion_lock\nwith promotion_lock({NAME!r}):\n"
            "    print('held', flush=True)\n    input()",
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        status, _, message = run(capsys, "promote", f"{NAME}:one")
        assert (status, served()) == (4, "three")
        assert "Another promotion of samo-summarizer is running" in message
    finally:
        holder.kill()  # the system releases the lock of a process that was killed
        holder.communicate()
    assert run(capsys, "promote", f"{NAME}:one")[0] == 0


def test_a_full_disk_changes_nothing(versions, capsys, monkeypatch):
    run(capsys, "promote", f"{NAME}:one")
    before = sorted(path.name for path in versions.iterdir())

    def full(path, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    status, _, message = run(capsys, "promote", f"{NAME}:two")
    assert (status, served()) == (4, "one")
    assert "The model store cannot be written (No space left on device)" in message
    assert sorted(path.name for path in versions.iterdir()) == before


def test_a_damaged_pointer_is_named(versions, capsys):
    for content in ("{", '{"version": "../x", "former": []}', "[]", '{"version": null}'):
        (versions / "promoted.json").write_text(content)
        status, _, message = run(capsys, "list", NAME)
        assert status == 4
        assert "promoted.json is damaged: delete it" in message
