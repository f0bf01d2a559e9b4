"""`samo batch` with what the `bulk` extra brings: Parquet, and Ray on this machine."""

from __future__ import annotations

import datetime
import json
import os
import signal
import time

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bulk.parquet import Parquet, arrow_type
from samo import schemas
from tests.integration.test_bulk import (
    answers_of,
    entries,
    read_lines,
    run,
    start,
    timeless,
    write_lines,
)


@pytest.fixture(autouse=True)
def _fake_runners(monkeypatch):
    monkeypatch.setenv("SAMO_RUNNERS", "fake")


def write_parquet(path, rows):
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=13)
    return path


def from_arrow(value):
    """Maps come back as lists of pairs."""
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
    source = Parquet(write_parquet(tmp_path / "in.parquet", entries(50)), 7)
    read = [entry.fields["id"] for shard in source.shards() for entry in source.read(shard)]
    assert read == [f"e{i}" for i in range(50)]
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
        assert actors, "there is no worker to kill"
        os.kill(actors[0].pid, signal.SIGKILL)
        assert len(list((tmp_path / "out").glob("part-*"))) < 40
        _, stderr = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 0, stderr.decode()
    assert [line["id"] for line in read_lines(tmp_path / "out")] == [f"e{i}" for i in range(4_000)]
