"""The recipe's steps fit together: each reads what an earlier one wrote."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from training.emotion.average import average
from training.emotion.recipe import FIRST_PERSON, FIRST_PERSON_DEV, split_first_person, steps


def test_each_step_reads_what_is_there(tmp_path):
    there = {tmp_path / name for name in (*FIRST_PERSON, FIRST_PERSON_DEV)}
    found = steps(Path("data"), tmp_path, "encoder", "cpu")
    assert len({step.name for step in found}) == len(found)
    for step in found:
        written = (
            {Path(step.arguments[step.arguments.index("--output") + 1])}
            if ("--output" in step.arguments)
            else {step.target}
        )
        inputs = {
            Path(argument.partition("=")[0])
            for argument in step.arguments
            if argument.startswith(str(tmp_path))
        } - written
        for path in inputs:
            assert any(path in (one, *one.parents) or one in path.parents for one in there), path
        there |= written | {step.target}


def test_pairs_are_divided_together_and_nothing_is_lost(tmp_path):
    split_first_person(tmp_path)
    by_part = {
        name: [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        for name in (*FIRST_PERSON, FIRST_PERSON_DEV)
    }
    written = sum(map(len, by_part.values()))
    assert written == sum(
        len(path.read_text().splitlines()) for paths in FIRST_PERSON.values() for path in paths
    )
    kept = by_part[FIRST_PERSON_DEV]
    assert 0.07 < len(kept) / written < 0.13
    pairs = [line for line in kept if line.get("pair") is not None]
    assert sum(line["side"] == "felt" for line in pairs) == len(pairs) / 2


def test_the_mean_of_two_adapters(tmp_path):
    for name, value in (("a", 1.0), ("b", 3.0)):
        (tmp_path / name).mkdir()
        weights = {"head": np.full((2, 3), value, dtype=np.float16)}
        save_file(weights, tmp_path / name / "adapter_model.safetensors")
        (tmp_path / name / "adapter_config.json").write_text("{}")
        (tmp_path / name / "run.json").write_text(f'{{"model_name": "{name}"}}')
    average([tmp_path / "a", tmp_path / "b"], tmp_path / "mean")
    mean = load_file(tmp_path / "mean" / "adapter_model.safetensors")["head"]
    assert mean.dtype == np.float32
    assert (mean == 2.0).all()
    assert json.loads((tmp_path / "mean" / "run.json").read_text()) == {"model_name": "b"}
