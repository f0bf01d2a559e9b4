"""GoEmotions is downloaded as published, or not at all."""

from __future__ import annotations

import shutil

import pytest

from training.download import UnexpectedContent, download_goemotions


@pytest.fixture
def published(goemotions_data, tmp_path):
    """The files as the authors' repository names them."""
    folder = tmp_path / "published"
    folder.mkdir()
    for name in ("train.tsv", "dev.tsv", "test.tsv"):
        shutil.copyfile(goemotions_data / name, folder / name)
    labels = (goemotions_data / "labels.txt").read_text().rstrip("\n")  # theirs has no last newline
    (folder / "emotions.txt").write_text(labels)
    return folder


def test_the_published_files_are_kept_and_not_downloaded_again(published, tmp_path):
    folder = download_goemotions(tmp_path / "data", f"{published.as_uri()}/")
    assert sorted(path.name for path in folder.iterdir()) == [
        "dev.tsv",
        "labels.txt",
        "test.tsv",
        "train.tsv",
    ]
    shutil.rmtree(published)
    assert download_goemotions(tmp_path / "data", f"{published.as_uri()}/") == folder


def test_a_changed_file_is_refused(published, tmp_path):
    with (published / "dev.tsv").open("a") as file:
        file.write("one more\t27\tx\n")
    with pytest.raises(UnexpectedContent, match=r"dev\.tsv has changed"):
        download_goemotions(tmp_path / "data", f"{published.as_uri()}/")
    assert not (tmp_path / "data/goemotions/dev.tsv").exists()
