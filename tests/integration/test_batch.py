"""`samo batch` from outside, with fake runners: nothing lost or twice, no text in errors."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from samo.batch import command
from samo.batch.json_lines import MAX_LINE_BYTES, JsonLines
from samo.limits import MAX_TEXT_CHARACTERS
from tests.conftest import RECORDING, ROOT

SECRET = "xylophone"
FEELINGS = ("joy", "sadness", "anger", "fear", "gratitude", "nothing")


@pytest.fixture(autouse=True)
def _fake_runners(monkeypatch):
    monkeypatch.setenv("SAMO_RUNNERS", "fake")


def write_lines(path, lines):
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n"
                            for line in lines), encoding="utf-8")  # fmt: skip
    return path


def entries(number):
    return [
        {"id": f"e{i}", "text": f"Much {FEELINGS[i % 6]}. It was day {i}.", "day": i, "tags": ["a"]}
        for i in range(number)
    ]


def read_lines(folder):
    return [
        json.loads(line)
        for part in sorted(folder.glob("part-*.jsonl"))
        for line in part.read_text(encoding="utf-8").splitlines()
    ]


def timeless(insight):
    """An answer without the one thing that differs between two runs."""
    return {k: v for k, v in insight.items() if k not in ("processing_time_ms", "timings_ms")}


def answers_of(folder):
    return [{**line, "insight": timeless(line["insight"])} for line in read_lines(folder)]


def run(*arguments):
    return command.main([str(argument) for argument in arguments])


def start(*arguments):
    line = [sys.executable, "-m", "samo", "batch", *map(str, arguments)]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_batch_and_http_give_the_same(client, tmp_path):
    texts = [entry["text"] for entry in entries(12)]
    texts += ["", " ", 3, None, "x" * (MAX_TEXT_CHARACTERS + 1), "please crash", "joy\n😀 fear?! A"]
    lines = [{"text": text} for text in texts] + [{}]
    source = write_lines(tmp_path / "in.jsonl", lines)
    assert run(source, tmp_path / "out", "--shard", 5) == 0
    done = {line["id"]: line["insight"] for line in read_lines(tmp_path / "out")}
    refused = {
        line["line"]: line
        for part in (tmp_path / "out" / "_errors").iterdir()
        for line in map(json.loads, part.read_text().splitlines())
    }
    for number, line in enumerate(lines, start=1):
        response = client.post("/analyze/journal", json=line)
        if response.status_code == 200:
            assert timeless(done.pop(number)) == timeless(response.json())
        else:
            error = response.json()["error"]
            assert refused.pop(number) == {
                "line": number, **{key: error[key] for key in ("code", "message", "details")},
            }  # fmt: skip
    assert not done
    assert not refused


def test_predictions_are_those_of_predict(client, tmp_path):
    source = write_lines(tmp_path / "in.jsonl", entries(7))
    assert run(source, tmp_path / "out", "--answer", "prediction", "--threshold", "0.2") == 0
    for line, entry in zip(read_lines(tmp_path / "out"), entries(7), strict=True):
        request = {"text": entry["text"], "groupings": True, "threshold": 0.2}
        expected = client.post("/predict", json=request).json()
        assert {**line["prediction"], "inference_time": ""} == {**expected, "inference_time": ""}


def test_recordings_are_analysed_as_over_http(client, tmp_path):
    folder = tmp_path / "audio"
    (folder / "2024").mkdir(parents=True)
    shutil.copy(RECORDING, folder / "2024" / "jfk.flac")
    (folder / "broken.wav").write_bytes(b"RIFF no more")
    (folder / "notes.txt").write_text("no recording")
    assert run(folder, tmp_path / "out") == 0
    (line,) = read_lines(tmp_path / "out")
    assert line["id"] == "2024/jfk.flac"
    with RECORDING.open("rb") as file:
        response = client.post("/analyze/voice-journal", files={"audio_file": file})
    assert timeless(line["insight"]) == timeless(response.json())
    (error,) = map(json.loads, (tmp_path / "out/_errors/part-00000.jsonl").read_text().splitlines())
    assert (error["line"], error["file"]) == (2, "broken.wav")
    assert error["code"] in {"unsupported_audio", "undecodable_audio"}


def test_bad_lines_are_named_by_line_and_code_and_never_by_their_text(tmp_path):
    lines = [
        {"text": "joy"},
        f"{{'text': '{SECRET}'",
        json.dumps([SECRET]),
        "",
        {"text": {SECRET: SECRET}},
        {SECRET: "no text", "text": ""},
        f'{{"text": "{SECRET} \\ud800"}}',
        f'{{"text": "{SECRET}", "weight": NaN}}',
        json.dumps({"text": "a", SECRET: SECRET * (MAX_LINE_BYTES // 9)}),
        {"text": "fear"},
    ]
    assert run(write_lines(tmp_path / "in.jsonl", lines), tmp_path / "out") == 0
    written = (tmp_path / "out" / "_errors" / "part-00000.jsonl").read_text()
    assert SECRET not in written
    assert {line["line"]: line["code"] for line in map(json.loads, written.splitlines())} == {
        2: "malformed_request", 3: "invalid_request", 5: "invalid_request", 6: "invalid_request",
        7: "malformed_request", 8: "malformed_request", 9: "payload_too_large",
    }  # fmt: skip
    assert [line["id"] for line in read_lines(tmp_path / "out")] == [1, 10]


def test_other_fields_are_kept_as_they_are(tmp_path):
    fields = {"id": None, "big": 10**30, "ü": {"deep": [1.5, True]}, "insight": "old", "line": 7}
    run(write_lines(tmp_path / "in.jsonl", [{**fields, "text": "joy"}]), tmp_path / "out")
    (line,) = read_lines(tmp_path / "out")
    assert line.pop("insight")["emotion_analysis"]["primary_emotion"] == "joy"
    assert line == {key: value for key, value in fields.items() if key != "insight"}


def test_shards_cover_every_line_once(tmp_path):
    rng = random.Random(0)
    for lines in (1, 2, 9, 10, 11, 400):
        ending = rng.choice(["", "\n"])
        written = "\n".join("x" * rng.randrange(9000) for _ in range(lines)) + "y" + ending
        (tmp_path / "in.jsonl").write_text(written)
        shards = JsonLines(tmp_path / "in.jsonl", 10).shards()
        assert [shard.index for shard in shards] == list(range(-(-lines // 10)))
        assert sum(shard.entries for shard in shards) == lines
        for before, after in pairwise(shards):
            assert after.first == before.first + before.entries
            between = written[before.offset : after.offset]
            assert between.count("\n") == before.entries == 10
            assert between.endswith("\n")


def test_killed_at_any_moment_it_goes_on_and_loses_and_doubles_nothing(tmp_path):
    source = write_lines(tmp_path / "in.jsonl", [*entries(3000), "bad", {"text": 1}])
    assert run(source, tmp_path / "whole", "--shard", 50) == 0
    out = tmp_path / "killed"
    kept: dict[Path, int] = {}
    for parts in (1, 12, 30):
        process = start(source, out, "--shard", 50)
        while process.poll() is None and len(list(out.glob("part-*"))) < parts:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL, "it was done before it was killed"
        for path, seen in kept.items():
            assert path.stat().st_mtime_ns == seen, "a finished part was written again"
        kept = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
        assert parts <= len(kept) < 61
    (out / "_tmp").mkdir(exist_ok=True)
    (out / "_tmp" / "part-00060.jsonl.half").write_text('{"id": "half a l')
    process = start(source, out, "--shard", 50)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    assert json.loads(stdout)["done_before"] == 50 * len(kept)
    assert all(path.stat().st_mtime_ns == seen for path, seen in kept.items())
    assert [line["id"] for line in read_lines(out)] == [f"e{i}" for i in range(3000)]
    assert answers_of(out) == answers_of(tmp_path / "whole")
    errors = "_errors/part-00060.jsonl"
    assert (out / errors).read_bytes() == (tmp_path / "whole" / errors).read_bytes()
    assert not (out / "_tmp").exists()


def test_a_part_that_cannot_be_put_in_place_is_not_there(tmp_path, monkeypatch, capsys):
    source = write_lines(tmp_path / "in.jsonl", entries(30))
    replace = Path.replace

    def full_disk(self, target):
        if target.name == "part-00001.jsonl":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full_disk)
        assert run(source, tmp_path / "out", "--shard", 10) == 1
    message = capsys.readouterr().err
    assert "No space left on device" in message
    assert len(message.splitlines()) == 1
    assert not list((tmp_path / "out" / "_tmp").iterdir()), "half a part takes room"
    assert [path.name for path in (tmp_path / "out").glob("part-*")] == ["part-00000.jsonl"]
    assert run(source, tmp_path / "out", "--shard", 10) == 0
    assert [line["id"] for line in read_lines(tmp_path / "out")] == [f"e{i}" for i in range(30)]


def test_a_run_is_not_mixed_with_another(tmp_path, capsys):
    source = write_lines(tmp_path / "in.jsonl", entries(5))
    assert run(source, tmp_path / "out") == 0
    assert run(source, tmp_path / "out") == 0  # nothing left to do
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["done_before"] == 5
    assert run(source, tmp_path / "out", "--no-summary") == 2
    write_lines(source, entries(6))
    assert run(source, tmp_path / "out") == 2
    assert "input, shard_entries differ" in capsys.readouterr().err.replace("\n", " ")
    other = tmp_path / "photos"
    other.mkdir()
    (other / "part-1.jpg").write_bytes(b"")
    assert run(source, other) == 2


def test_a_setting_that_is_invalid_is_named_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SAMO_THREADS", "many")
    source = write_lines(tmp_path / "in.jsonl", entries(1))
    assert run(source, tmp_path / "out") == 2
    message = capsys.readouterr().err
    assert "SAMO_THREADS" in message
    assert "Traceback" not in message


@pytest.mark.parametrize("name", ["absent.jsonl", "in.txt", "empty.jsonl"])
def test_what_cannot_be_read_is_refused_before_anything_is_written(tmp_path, name):
    (tmp_path / "in.txt").write_text("{}")
    (tmp_path / "empty.jsonl").write_text("")
    assert run(tmp_path / name, tmp_path / "out") == 2
    assert not (tmp_path / "out").exists()


def test_tasks_of_a_cloud_run_job_share_the_shards(tmp_path):
    source = write_lines(tmp_path / "in.jsonl", entries(95))
    tasks = []
    for index in range(3):
        os.environ.update(CLOUD_RUN_TASK_INDEX=str(index), CLOUD_RUN_TASK_COUNT="3")
        try:
            tasks.append(start(source, tmp_path / "out", "--shard", 10))
        finally:
            del os.environ["CLOUD_RUN_TASK_INDEX"], os.environ["CLOUD_RUN_TASK_COUNT"]
    results = [json.loads(task.communicate(timeout=300)[0]) for task in tasks]
    assert sorted(result["answered"] for result in results) == [30, 30, 35]
    assert [line["id"] for line in read_lines(tmp_path / "out")] == [f"e{i}" for i in range(95)]


@pytest.mark.models
def test_real_models_give_what_they_give_over_http(real_client, tmp_path, monkeypatch):
    monkeypatch.setenv("SAMO_RUNNERS", "real")
    texts = [
        "My cousins came to visit and I was so happy that I cried. Now they are gone.",
        "I am furious with my landlord. The heating is broken again, and he laughed at me!",
        "The bus leaves at seven and takes forty minutes.",
    ]
    source = write_lines(tmp_path / "in.jsonl", [{"text": text} for text in texts])
    assert run(source, tmp_path / "out") == 0
    for line, text in zip(read_lines(tmp_path / "out"), texts, strict=True):
        expected = real_client.post("/analyze/journal", json={"text": text}).json()
        got, wanted = line["insight"], expected["emotion_analysis"]
        assert got["summary"]["summary"] == expected["summary"]["summary"]
        assert got["models"] == expected["models"]
        assert got["emotion_analysis"]["emotions"] == pytest.approx(wanted["emotions"], abs=0.1)
        assert got["emotion_analysis"]["primary_emotion"] == wanted["primary_emotion"]
