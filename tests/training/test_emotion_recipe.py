"""The recipe's steps fit together: each reads what an earlier one wrote."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

from training.emotion.recipe import FIRST_PERSON, FIRST_PERSON_DEV, split_first_person, steps


def test_each_step_reads_what_is_there(tmp_path):
    there = {tmp_path / name for name in (*FIRST_PERSON, FIRST_PERSON_DEV)}
    found = steps(Path("data"), tmp_path, "encoder", "cpu")
    assert len({step.name for step in found}) == len(found)
    for step in found:
        options = dict(pairwise(step.arguments))
        written = {Path(options[name]) for name in ("--output", "--target") if name in options}
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
