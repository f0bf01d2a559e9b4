"""`samo batch` over folders as people have them: every file is answered, refused or counted."""

from __future__ import annotations

import json
import os
import shutil
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from samo.batch import sniff
from samo.batch.recordings import RecordingFolder
from samo.limits import MAX_AUDIO_BYTES
from tests.conftest import RECORDING, ROOT
from tests.integration.test_batch import read_lines, run, start

APPLE_DOUBLE = struct.pack(">II16sH", 0x00051607, 0x00020000, b"Mac OS X        ", 2).ljust(4096)


@pytest.fixture(autouse=True)
def _fake_runners(monkeypatch):
    monkeypatch.setenv("SAMO_RUNNERS", "fake")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "audio"
    path.mkdir()
    shutil.copy(RECORDING, path / "a.flac")
    return path


def errors_of(out):
    return [
        json.loads(line)
        for part in sorted((out / "_errors").iterdir())
        for line in part.read_text(encoding="utf-8").splitlines()
    ]


def last_line(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def unprivileged(*arguments):
    """Run the command without root's right to read everything."""
    drop = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is not installed, and root may read everything")
        rights = "-dac_override,-dac_read_search"
        drop = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]
    return subprocess.run(
        [*drop, sys.executable, "-m", "samo", "batch", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_what_http_reads_is_read_whatever_its_name(folder, tmp_path, capsys):
    names = ["noext", "b.mov", "c.weba", "d.m4b", "e.mpga", "f.3gp", "g.bak", "h.txt", ".hidden",
             "new\nline.flac", "UPPER.FLAC"]  # fmt: skip
    for name in names:
        shutil.copy(RECORDING, folder / name)
    (folder / "readme.txt").write_text("no recording")
    (folder / "cover.JPG").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")
    (folder / "dir.wav").mkdir()
    (folder / "zero.m4a").write_bytes(b"")
    (folder / "empty").write_bytes(b"")
    (folder / "page.wav").write_text("<html>The download failed.</html>")
    (folder / "data.bin").write_bytes(bytes(range(256)))
    assert run(folder, tmp_path / "out") == 0
    assert {line["id"] for line in read_lines(tmp_path / "out")} == {"a.flac", *names}
    assert [error["file"] for error in errors_of(tmp_path / "out")] == [
        "data.bin", "page.wav", "zero.m4a",
    ]  # fmt: skip
    assert last_line(capsys)["passed_over"] == {".txt": 1, ".jpg": 1, "no suffix": 1}


def test_what_the_system_left_is_passed_over_and_may_come_and_go(folder, tmp_path, capsys):
    (folder / "__MACOSX").mkdir()
    twins = [folder / "._a.flac", folder / "__MACOSX" / "._a.flac", folder / "copy of ._a"]
    for twin in twins:
        twin.write_bytes(APPLE_DOUBLE)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"\x00\x00\x00\x01Bud1\x00\x00\x10\x00")
    shutil.copy(RECORDING, folder / "._recording.flac")
    for name in ("@eaDir", ".stversions", ".AppleDouble"):
        (folder / name).mkdir()
        shutil.copy(RECORDING, folder / name / "a.flac")
    assert run(folder, tmp_path / "out") == 0
    result = last_line(capsys)
    assert (result["answered"], result["refused"]) == (2, 0)
    assert result["passed_over"] == {
        "._*": 2, ".DS_Store": 1, "Thumbs.db": 1, "desktop.ini": 1,
        "__MACOSX/": 1, "@eaDir/": 1, ".stversions/": 1, ".AppleDouble/": 1,
    }  # fmt: skip
    shutil.rmtree(folder / "__MACOSX")
    twins[0].unlink()
    (folder / "notes.txt").write_text("later")
    assert run(folder, tmp_path / "out") == 0
    assert last_line(capsys)["done_before"] == 2


def test_a_name_that_is_not_utf8_is_refused_by_name(folder, tmp_path, capsys):
    (folder / os.fsdecode(b"caf\xe9.flac")).write_bytes(RECORDING.read_bytes())
    for _ in range(2):
        assert run(folder, tmp_path / "out") == 0
    assert [line["id"] for line in read_lines(tmp_path / "out")] == ["a.flac"]
    (error,) = errors_of(tmp_path / "out")
    assert (error["line"], error["file"], error["code"]) == (2, "caf\\xe9.flac", "unreadable_file")
    assert "rename" in error["message"]
    assert last_line(capsys)["done_before"] == 2


def test_what_may_not_be_read_is_refused_by_name(folder, tmp_path):
    for name in ("b.flac", "sub/c.flac", "sub2/d.flac"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(RECORDING, folder / name)
    (folder / "b.flac").chmod(0)
    (folder / "sub").chmod(0)
    try:
        done = unprivileged(folder, tmp_path / "out", "--shard", 1)
        assert done.returncode == 0, done.stderr
    finally:
        (folder / "sub").chmod(stat.S_IRWXU)
    assert [line["id"] for line in read_lines(tmp_path / "out")] == ["a.flac", "sub2/d.flac"]
    assert [(e["line"], e["file"], e["code"]) for e in errors_of(tmp_path / "out")] == [
        (2, "b.flac", "unreadable_file"), (3, "sub/", "unreadable_file"),
    ]  # fmt: skip
    assert json.loads(done.stdout)["refused"] == 2
    (tmp_path / "out" / "part-00003.jsonl").unlink()
    assert run(folder, tmp_path / "out", "--shard", 1) == 0  # the folder can be listed by now


def test_what_is_gone_by_its_turn_is_refused_and_the_run_goes_on(folder, tmp_path):
    for number in range(59):
        shutil.copy(RECORDING, folder / f"b{number:02}.flac")
    process = start(folder, tmp_path / "out", "--shard", 2)
    while process.poll() is None and not (tmp_path / "out" / "part-00000.jsonl").exists():
        pass
    (folder / "b58.flac").unlink()
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    (error,) = errors_of(tmp_path / "out")
    assert (error["line"], error["file"], error["code"]) == (60, "b58.flac", "unreadable_file")
    assert len(read_lines(tmp_path / "out")) == 59
    (tmp_path / "out" / "part-00000.jsonl").unlink()
    (folder / "a.flac").unlink()
    assert run(folder, tmp_path / "out", "--shard", 2) == 0
    assert [error["file"] for error in errors_of(tmp_path / "out")] == ["a.flac", "b58.flac"]


def test_links_and_special_files(folder, tmp_path, capsys):
    (folder / "nowhere.flac").symlink_to("gone.flac")
    (folder / "twice.flac").symlink_to("a.flac")
    (folder / "loop").symlink_to("..")
    os.mkfifo(folder / "pipe.wav")
    assert run(folder, tmp_path / "out") == 0
    assert [line["id"] for line in read_lines(tmp_path / "out")] == ["a.flac", "twice.flac"]
    assert [error["file"] for error in errors_of(tmp_path / "out")] == ["nowhere.flac"]
    assert last_line(capsys)["passed_over"] == {"link to a folder": 1, "special file": 1}


def test_a_recording_above_the_limit_is_refused_and_not_held(folder, tmp_path):
    with (folder / "large.wav").open("wb") as file:
        file.write(b"RIFF\x00\x00\x00\x00WAVE")
        file.truncate(MAX_AUDIO_BYTES * 40)
    assert run(folder, tmp_path / "out") == 0
    (error,) = errors_of(tmp_path / "out")
    assert (error["file"], error["code"]) == ("large.wav", "payload_too_large")


def test_new_and_changed_recordings_are_another_run(folder, tmp_path, capsys):
    assert run(folder, tmp_path / "out") == 0
    shutil.copy(RECORDING, folder / "b.flac")
    assert run(folder, tmp_path / "out") == 2
    assert "1 recordings are new, 0 changed" in capsys.readouterr().err.replace("\n", " ")
    (folder / "b.flac").unlink()
    (folder / "a.flac").write_bytes(b"fLaC and no more")
    assert run(folder, tmp_path / "out") == 2
    assert "0 recordings are new, 1 changed" in capsys.readouterr().err.replace("\n", " ")


def test_output_within_the_input_is_not_input(folder):
    for _ in range(2):
        assert run(folder, folder / "out", "--format", "parquet") == 0
    assert run(folder, folder) == 2
    assert not (folder / "_run.json").exists()


def test_a_folder_without_recordings_says_what_it_holds(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "readme.txt").write_text("no recording")
    assert run(tmp_path / "in", tmp_path / "out") == 2
    assert "(1 .txt)" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "head", "reason"),
    [
        ("a.txt", "Grüße, 日本 and more".encode(), ".txt"),
        ("a.txt", "Grüße aus München".encode("latin-1"), ".txt"),
        ("a.txt", ("きょうはいい天気でした。" * 9).encode("shift-jis"), ".txt"),
        ("a.txt", "In UTF-16".encode("utf-16"), ".txt"),
        ("a.csv", b"id,text\r\n1,joy\r\n", ".csv"),
        ("a.tar.GZ", b"\x1f\x8b\x08\x00", ".gz"),
        ("a.docx", b"PK\x03\x04\x14\x00", ".docx"),
        ("a.heic", b"\x00\x00\x00\x18ftypheic", ".heic"),
        ("a.webp", b"RIFF\x24\x00\x00\x00WEBPVP8 ", ".webp"),
        ("cut.txt", ("x" * 4095 + "ü").encode()[:4096], ".txt"),
        (".a.m4a.icloud", b"bplist00\xd1", None),
        ("a", b"\x00\x00\x00\x18ftypM4A ", None),
        ("a", b"#!AMR\n\x3c\x91\x17\x16\xbe\x66\x79\x00", None),
        ("a", b"\xff\xf1\x50\x80\x01\x7f\xfc\x00", None),
        ("a", b"\xff\xfb\x90\x00\x00\x00\x00\x00", None),
        ("a", b"FORM\x00\x00\x10\x00AIFFCOMM\x00\x00", None),
        ("a", b"\x47\x40\x11\x10\x00\x42\xf0\x25", None),
        ("a.m4a", b"", None),
        ("a.m4a", b"not found", None),
    ],
)  # fmt: skip
def test_files_are_told_apart_by_their_content(name, head, reason):
    assert sniff.skip_reason(name, head) == reason


def test_listing_opens_only_what_the_name_leaves_open_and_reads_only_its_head(folder, monkeypatch):
    for name in ("notes.txt", "noext", "._b.flac"):
        (folder / name).write_text("x" * 100_000)
    opened, read = [], []
    real_open, real_read = os.open, os.read
    monkeypatch.setattr(
        os, "open", lambda path, *rest: opened.append(Path(path).name) or real_open(path, *rest)
    )
    monkeypatch.setattr(os, "read", lambda fd, size: read.append(size) or real_read(fd, size))
    RecordingFolder(folder, 32)
    assert sorted(opened) == ["._b.flac", "noext", "notes.txt"]
    assert read == [sniff.HEAD_BYTES] * 3
