"""Which version of a stored model serves."""

from __future__ import annotations

import pytest

from samo.model_store import ModelNotStored, Pointer, served_tag


@pytest.fixture
def versions(tmp_path, monkeypatch):
    """The folder of a model without versions, in a store of its own."""
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path))
    folder = tmp_path / "models" / "samo-emotion"
    folder.mkdir(parents=True)
    return folder


def test_the_newest_version_serves_unless_one_was_promoted(versions):
    assert served_tag("samo-emotion") == "samo-emotion:latest"
    (versions / "first").mkdir()
    Pointer("first").write("samo-emotion")
    assert served_tag("samo-emotion") == "samo-emotion:first"


def test_a_promoted_version_that_was_deleted_is_named(versions):
    Pointer("first").write("samo-emotion")
    with pytest.raises(ModelNotStored, match="samo-emotion:first was promoted and then deleted"):
        served_tag("samo-emotion")
