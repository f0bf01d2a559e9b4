"""Disk errors, a second run, crashes and invalid lines: whether they end `samo batch`."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import shutil
import signal
import subprocess
import sys

import pytest

from samo.batch.crashes import CrashLog
from samo.batch.json_lines import JsonLines
from tests.conftest import RECORDING, ROOT
from tests.integration.test_batch import SECRET, entries, read_lines, run, start, write_lines
from tests.integration.test_batch_folders import errors_of, unprivileged


@pytest.fixture(autouse=True)
def _fake_runners(monkeypatch):
    monkeypatch.setenv("SAMO_RUNNERS", "fake")


def one_line(stderr):
    assert "Traceback" not in stderr
    (line,) = stderr.splitlines()
    return line


def test_a_folder_that_may_not_be_written_is_named_in_one_line(tmp_path):
    source = write_lines(tmp_path / "in.jsonl", entries(3))
    out = tmp_path / "out"
    for make in (out.parent / "locked", out):
        make.mkdir()
        make.chmod(0o555)
    for target in (out, tmp_path / "locked" / "out"):
        done = unprivileged(source, target)
        assert done.returncode == 1
        assert "cannot be written: Permission denied" in one_line(done.stderr)
    out.chmod(0o755)
    assert run(source, out) == 0


def test_a_full_disk_stops_the_run_in_one_line_and_the_same_command_goes_on(tmp_path):
    # A limit on the size of a file is a full disk for the one part that is large.
    lines = entries(40)
    lines[25]["notes"] = "x" * 200_000
    source = write_lines(tmp_path / "in.jsonl", lines)
    done = subprocess.run(
        [sys.executable, "-m", "samo", "batch", source, tmp_path / "out", "--shard", "10"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)),
        ),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "File too large" in one_line(done.stderr)
    assert len(list((tmp_path / "out").glob("part-*"))) == 2
    assert run(source, tmp_path / "out", "--shard", 10) == 0
    assert [line["id"] for line in read_lines(tmp_path / "out")] == [f"e{i}" for i in range(40)]


def test_a_second_run_into_the_same_folder_is_refused_while_the_first_lives(tmp_path, capsys):
    source = write_lines(tmp_path / "in.jsonl", entries(4000))
    first = start(source, tmp_path / "out", "--shard", 10)
    try:
        while first.poll() is None and not (tmp_path / "out" / "_run.json").exists():
            pass
        first.send_signal(signal.SIGSTOP)  # it lives, and cannot finish first
        assert run(source, tmp_path / "out", "--shard", 10) == 2
        assert "Another run is writing" in capsys.readouterr().err
        first.kill()
        first.wait()
        assert run(source, tmp_path / "out", "--shard", 10) == 0
    finally:
        first.kill()
        first.communicate()
    assert len(read_lines(tmp_path / "out")) == 4000


# Runs the command with a decoder in which one recording, and only that, ends the process.
CRASHING = """
import os, signal, sys
import samo.decoders.threaded
from samo.batch import command

real = samo.decoders.threaded.decode
def decode(data):
    if data.startswith(b"fatal"):
        os.kill(os.getpid(), signal.{signal})
        signal.pause()
    return real(data)
samo.decoders.threaded.decode = decode
sys.exit(command.main(sys.argv[1:]))
"""


def crashing(fatal, *arguments):
    code = CRASHING.format(signal=fatal)
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "SAMO_ISOLATE_DECODING": "false"},  # else it ends the decoder only
    )  # fmt: skip


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "audio"
    folder.mkdir()
    for name in "abdef":
        shutil.copy(RECORDING, folder / f"{name}.flac")
    (folder / "c.flac").write_bytes(b"fatal")
    return folder


@pytest.mark.parametrize("fatal", ["SIGSEGV", "SIGABRT"])
def test_a_recording_that_ends_the_process_twice_is_refused_and_no_other(
    recordings, tmp_path, fatal
):
    out = tmp_path / "out"
    codes = [crashing(fatal, recordings, out).returncode for _ in range(3)]
    assert codes == [-signal.Signals[fatal], -signal.Signals[fatal], 0]
    assert [line["id"] for line in read_lines(out)] == [f"{name}.flac" for name in "abdef"]
    (error,) = errors_of(out)
    assert (error["line"], error["file"], error["code"]) == (3, "c.flac", "crashed")
    assert not (out / "_crashes").exists()


def test_a_run_that_is_killed_accuses_no_recording(recordings, tmp_path):
    out = tmp_path / "out"
    assert {crashing("SIGKILL", recordings, out).returncode for _ in range(4)} == {-signal.SIGKILL}
    shutil.copy(RECORDING, recordings / "c.flac")
    (out / "_run.json").unlink()  # the recording was mended: another run
    assert run(recordings, out) == 0
    assert len(read_lines(out)) == 6


def test_a_log_of_a_crash_is_read_whatever_it_ends_with(tmp_path):
    before = faulthandler.is_enabled()
    logs = {
        "a": b"+1\n+2\n-1\n+3\nFatal Python error: Segmentation fault\n+9\n",
        "b": b"+3\n+4\n-4\n+5Fatal Python error: Aborted",
        "c": b"+7\n+8\n",
    }
    for name, lines in logs.items():
        (tmp_path / f"{name}.log").write_bytes(lines)
    log = CrashLog(tmp_path)
    assert [log.crashes(entry) for entry in range(10)] == [0, 0, 1, 2, 0, 0, 0, 0, 0, 0]
    log.close()
    assert len(list(tmp_path.iterdir())) == len(logs)
    assert faulthandler.is_enabled() == before


def test_lines_in_every_encoding_are_answered_or_refused_by_line(tmp_path):
    text = "I am so sad, café."
    line = json.dumps({"text": text}, ensure_ascii=False) + "\r\n"
    files = {
        "bom": line.encode("utf-8-sig") + line.encode(),
        "latin": line.encode() + line.encode("latin-1") + line.encode(),
        "utf16": (line * 3).encode("utf-16"),
        "utf16be": (line * 3).encode("utf-16-be"),
        "utf32": (line * 3).encode("utf-32"),
        "nul": b"\0" * 100_000 + b"\n" + line.encode(),
        "cr": line.replace("\r\n", "\r").encode() * 3,
        "empty": b"\r\n \t\n" + line.encode() + b"\n\n",
        "noend": line.strip().encode(),
    }
    answered = {"bom": [1, 2], "latin": [1, 3], "nul": [2], "empty": [3], "noend": [1]}
    for name, content in files.items():
        source = tmp_path / f"{name}.jsonl"
        source.write_bytes(content)
        out = tmp_path / name
        assert run(source, out) == 0, name
        assert [entry["id"] for entry in read_lines(out)] == answered.get(name, []), name
        for error in errors_of(out):
            assert error["code"] == "malformed_request"
            assert "UTF-8" in error["message"] or name in {"cr", "nul"}


def test_odd_values_are_written_as_json_that_every_parser_reads(tmp_path):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    lines = [
        '{"text": "joy", "weight": 1e400, "deep": [-1e999]}',
        '{"text": "joy", "id": "same"}',
        '{"text": "fear", "id": "same"}',
        '{"text": "joy", "text": "fear"}',
        '{"text": "' + SECRET + ' \\ud83d"}',
        '{"text": "joy", "deep": ' + "[" * 190 + "]" * 190 + "}",
        '{"text": "joy", "deep": ' + "[" * 9_000 + "]" * 9_000 + "}",
        '{"text": "joy", "big": ' + "9" * 5_000 + "}",
        '{"text": 1e400}',
        '{"text": "joy", "\\u0000": "\\u2028"}',
    ]
    out = tmp_path / "out"
    assert run(write_lines(tmp_path / "in.jsonl", lines), out) == 0
    written = (out / "part-00000.jsonl").read_text()
    answers = [json.loads(line, parse_constant=refuse) for line in written.split("\n")[:-1]]
    assert (answers[0]["weight"], answers[0]["deep"]) == (None, [None])
    assert [line["id"] for line in answers[1:3]] == ["same", "same"]
    done = {line["id"] for line in answers} | {error["line"] for error in errors_of(out)}
    assert done == {"same", *range(1, 11)} - {2, 3}
    assert {5, 7, 9} <= {error["line"] for error in errors_of(out)}


def test_an_input_that_changes_under_the_run_stops_it(tmp_path, capsys):
    source = write_lines(tmp_path / "in.jsonl", entries(20))
    lines = JsonLines(source, 5)
    first, second = lines.shards()[:2]
    assert len(list(lines.read(first))) == 5
    source.write_text("cut short")
    with pytest.raises(Exception, match="changed while it was read"):
        list(lines.read(second))


def test_an_input_that_cannot_be_read_is_named_in_one_line(tmp_path):
    source = write_lines(tmp_path / "in.jsonl", entries(3))
    source.chmod(0)
    done = unprivileged(source, tmp_path / "out")
    assert done.returncode == 2
    assert "Permission denied" in one_line(done.stderr)


def test_a_damaged_run_file_is_refused(tmp_path):
    source = write_lines(tmp_path / "in.jsonl", entries(3))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "_run.json").write_text("{")
    assert run(source, tmp_path / "out") == 2
