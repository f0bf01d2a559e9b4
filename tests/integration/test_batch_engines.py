"""`samo batch` with what the `bulk` extra brings: Parquet, and Ray on this machine."""

from __future__ import annotations

import datetime
import json
import math
import os
import signal
import time

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from samo.api import schemas
from samo.batch.parquet_input import ParquetFile
from samo.batch.parquet_output import arrow_type
from tests.integration.test_batch import (
    answers_of,
    entries,
    read_lines,
    run,
    start,
    timeless,
    write_lines,
)
from tests.integration.test_batch_folders import errors_of


@pytest.fixture(autouse=True)
def _fake_runners(monkeypatch):
    monkeypatch.setenv("SAMO_RUNNERS", "fake")


def write_parquet(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=13)
    return path


def from_arrow(value):
    """Maps are read as lists of pairs."""
    if isinstance(value, dict):
        return {key: from_arrow(one) for key, one in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return {key: from_arrow(one) for key, one in value}
    return [from_arrow(one) for one in value] if isinstance(value, list) else value


def test_parquet_keeps_its_columns_and_gets_the_answer_in_its_own_types(client, tmp_path):
    day = datetime.date(2024, 5, 1)
    rows = [{**entry, "date": day, "raw": b"\xff"} for entry in entries(40)]
    rows[20]["text"] = None
    source = write_parquet(tmp_path / "in.parquet", rows)
    assert run(source, tmp_path / "out", "--shard", 9) == 0
    table = pq.read_table(tmp_path / "out")
    assert table.schema.field("date").type == pa.date32()
    done = table.to_pylist()
    assert [row["id"] for row in done] == [f"e{i}" for i in range(40) if i != 20]
    assert (done[0]["date"], done[0]["tags"], done[0]["raw"]) == (day, ["a"], b"\xff")
    assert "text" not in table.column_names
    (error,) = map(json.loads, (tmp_path / "out/_errors/part-00002.jsonl").read_text().splitlines())
    assert (error["line"], error["code"]) == (21, "invalid_request")
    insight = from_arrow(done[3]["insight"])
    expected = client.post("/analyze/journal", json={"text": rows[3]["text"]}).json()
    insight["insights"] = {
        key: json.loads(value) if key not in ("opening_sentiment", "closing_sentiment") else value
        for key, value in insight["insights"].items()
    }
    # an empty map and an empty list look alike
    assert json.dumps(timeless(insight)).replace("[]", "{}") == json.dumps(
        timeless(expected)
    ).replace("[]", "{}")


def test_every_answer_has_an_arrow_type():
    prediction = arrow_type(schemas.PredictResponse)
    assert [field.name for field in prediction] == list(schemas.PredictResponse.model_fields)
    assert arrow_type(float | None) == pa.float64()


def test_a_shard_is_read_from_the_middle_of_a_row_group(tmp_path):
    source = ParquetFile(write_parquet(tmp_path / "in.parquet", entries(50)), 7)
    entries_read = [entry for shard in source.shards() for entry in source.read(shard)]
    assert [getattr(entry, "fields")["id"] for entry in entries_read] == [  # noqa: B009
        f"e{i}" for i in range(50)
    ]
    last = source.shards()[-1]
    assert [entry.number for entry in source.read(last)] == [50]


def test_lines_become_parquet_and_parquet_lines(tmp_path):
    lines = write_lines(tmp_path / "in.jsonl", [*entries(3), {"text": "joy", "mixed": [1, "a"]}])
    assert run(lines, tmp_path / "out", "--format", "parquet") == 0
    done = pq.read_table(tmp_path / "out").to_pylist()
    assert [row["id"] for row in done] == ["e0", "e1", "e2", "4"]
    assert json.loads(done[3]["fields"]) == {"mixed": [1, "a"]}
    table = write_parquet(tmp_path / "in.parquet", entries(3))
    assert run(table, tmp_path / "back", "--format", "jsonl") == 0
    assert [line["day"] for line in read_lines(tmp_path / "back")] == [0, 1, 2]


def test_what_json_cannot_hold_becomes_null(tmp_path):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    rows = [
        {"text": "joy", "mood": float("nan"), "deep": {"list": [float("inf")]}},
        {"text": "fear", "mood": float("-inf"), "deep": {"list": [1.5]}},
    ]
    source = write_parquet(tmp_path / "in.parquet", rows)
    assert run(source, tmp_path / "lines", "--format", "jsonl") == 0
    written = (tmp_path / "lines" / "part-00000.jsonl").read_text().splitlines()
    first, second = (json.loads(line, parse_constant=refuse) for line in written)
    assert (first["mood"], first["deep"]) == (None, {"list": [None]})
    assert (second["mood"], second["deep"]) == (None, {"list": [1.5]})
    assert run(source, tmp_path / "table", "--format", "parquet") == 0
    kept = pq.read_table(tmp_path / "table").to_pylist()
    assert math.isnan(kept[0]["mood"])
    assert kept[1]["mood"] == float("-inf")
    lines = write_lines(tmp_path / "in.jsonl", ['{"text": "joy", "mood": 1e400}'])
    assert run(lines, tmp_path / "fields", "--format", "parquet") == 0
    (row,) = pq.read_table(tmp_path / "fields").to_pylist()
    assert json.loads(row["fields"], parse_constant=refuse) == {"mood": None}


def test_a_row_that_python_cannot_hold_is_refused_alone(tmp_path):
    text = pa.Array.from_buffers(
        pa.string(), 3, [None, pa.py_buffer(np.asarray([0, 3, 5, 8], np.int32).tobytes()),
                         pa.py_buffer(b"joy\xff\xfejoy")],
    )  # fmt: skip
    day = pa.array([1, 1, 10**8], pa.int32()).cast(pa.date32())
    pq.write_table(pa.table({"text": text, "day": day}), tmp_path / "in.parquet")
    assert run(tmp_path / "in.parquet", tmp_path / "out", "--format", "jsonl") == 0
    assert [line["id"] for line in read_lines(tmp_path / "out")] == [1]
    assert [(error["line"], error["code"]) for error in errors_of(tmp_path / "out")] == [
        (2, "malformed_request"), (3, "malformed_request"),
    ]  # fmt: skip


def test_a_damaged_page_costs_its_rows_and_no_more(tmp_path):
    source = write_parquet(tmp_path / "in.parquet", entries(39))
    content = bytearray(source.read_bytes())
    group = pq.ParquetFile(source).metadata.row_group(1)
    start_of = min(group.column(i).dictionary_page_offset or group.column(i).data_page_offset
                   for i in range(group.num_columns))  # fmt: skip
    content[start_of : start_of + 40] = b"\xff" * 40
    source.write_bytes(content)
    assert run(source, tmp_path / "out", "--shard", 13) == 0
    refused = [error["line"] for error in errors_of(tmp_path / "out")]
    assert refused == list(range(14, 27))
    assert len(list(pq.read_table(tmp_path / "out")["id"])) == 26


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 junk PAR1"])
def test_what_is_no_parquet_is_refused_in_one_line(tmp_path, capsys, content):
    (tmp_path / "in.parquet").write_bytes(content)
    assert run(tmp_path / "in.parquet", tmp_path / "out") == 2
    assert "cannot be read as Parquet" in capsys.readouterr().err


def test_ray_says_why_it_stopped(tmp_path):
    source = write_lines(tmp_path / "in.jsonl", [*entries(20), "no json"])
    (tmp_path / "out" / "_errors" / "part-00002.jsonl").mkdir(parents=True)
    process = start(source, tmp_path / "out", "--shard", 10, "--engine", "ray")
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 1, stderr.decode()
    assert b"Traceback" not in stderr
    last = stderr.decode().splitlines()[-1]  # before it stand Ray's own
    assert last.startswith(f"{tmp_path / 'out'} cannot be written: Is a directory.")


def test_ray_gives_what_one_process_gives(tmp_path):
    source = write_lines(tmp_path / "in.jsonl", [*entries(95), "no json"])
    assert run(source, tmp_path / "here", "--shard", 10) == 0
    process = start(source, tmp_path / "ray", "--shard", 10, "--engine", "ray", "--workers", 2)
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr.decode()
    assert {**json.loads(stdout), "seconds": 0, "per_second": 0} == {
        "answered": 95, "refused": 1, "done_before": 0, "seconds": 0, "per_second": 0,
    }  # fmt: skip
    assert answers_of(tmp_path / "ray") == answers_of(tmp_path / "here")


def test_ray_replaces_a_worker_that_is_killed(tmp_path):
    source = write_lines(tmp_path / "in.jsonl", entries(4_000))
    process = start(source, tmp_path / "out", "--shard", 100, "--engine", "ray", "--workers", 2)
    try:
        while process.poll() is None and not list((tmp_path / "out").glob("part-*")):
            time.sleep(0.05)
        actors = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if "MapWorker" in " ".join(child.cmdline())
        ]
        assert actors, "no worker to kill"
        os.kill(actors[0].pid, signal.SIGKILL)
        assert len(list((tmp_path / "out").glob("part-*"))) < 40
        _, stderr = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 0, stderr.decode()
    assert [line["id"] for line in read_lines(tmp_path / "out")] == [f"e{i}" for i in range(4_000)]
