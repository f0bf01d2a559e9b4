"""The recipes' steps fit together, and a recipe resumes after the last completed step."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from itertools import chain, pairwise
from pathlib import Path

import pytest

from tests.conftest import ROOT
from training import recipes
from training.emotion import recipe_teacher
from training.emotion.first_person import FIRST_PERSON, FIRST_PERSON_DEV, split_first_person
from training.emotion.recipe import LARGE, recipe_steps
from training.emotion.recipe_small import SMALL
from training.recipes import RecipeStep, run_steps
from training.summarizer import recipe as summarizer_recipe


def check_inputs(steps, existing, runs):
    """Each step reads only results of earlier steps, and writes its target."""
    assert len({step.name for step in steps}) == len(steps)
    for step in steps:
        options = dict(pairwise(step.arguments))
        outputs = ("--output", "--target", "--checkpoint")
        written = {Path(options[name]) for name in outputs if name in options}
        assert any(path in (step.target, *step.target.parents) for path in written), step.name
        inputs = {Path(one) for one in step.arguments if one.startswith(str(runs))} - written
        for path in inputs:
            assert any(path in (one, *one.parents) or one in path.parents for one in existing), path
        existing |= written | {step.target}


def all_recipes(data: Path, runs: Path, device: str) -> list[list[RecipeStep]]:
    return [
        recipe_steps(LARGE, data, runs, device),
        recipe_steps(SMALL, data, runs, device),
        recipe_teacher.recipe_steps(data, runs, "encoder", device),
        summarizer_recipe.recipe_steps(data, runs, device),
    ]


def test_each_step_reads_existing_results(tmp_path):
    for steps in all_recipes(Path("data"), tmp_path, "cpu"):
        existing = {tmp_path / name for name in (*FIRST_PERSON, FIRST_PERSON_DEV)}
        check_inputs(steps, existing, tmp_path)


def test_the_device_reaches_every_step_that_uses_one(tmp_path):
    steps = chain(*all_recipes(Path("data"), tmp_path, "cuda"))
    with_device = {step.module for step in steps if "cuda" in step.arguments}
    assert with_device == {
        "training.emotion.trainer",
        "training.emotion.distill",
        "training.emotion.group_labels",
        "training.summarizer.trainer",
    }


def test_each_command_accepts_its_arguments(tmp_path, monkeypatch):
    class ParsedError(Exception):
        """Stops a command after its arguments were parsed."""

    parse = argparse.ArgumentParser.parse_args

    def parse_and_stop(self):
        parse(self)
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    for step in chain(*all_recipes(tmp_path, tmp_path, "cpu")):
        monkeypatch.setattr(sys, "argv", [step.module, *step.arguments])
        with pytest.raises(ParsedError):
            importlib.import_module(step.module).main()


def write_step(name: str, target: Path, *, fails: bool = False) -> RecipeStep:
    return RecipeStep(name, target, "no_such_module" if fails else "json.tool", ())


def test_completed_steps_are_skipped_and_a_failed_one_is_repeated(tmp_path, monkeypatch, capsys):
    runs = []

    def run(self):
        runs.append(self.name)
        if self.name == "second" and runs.count("second") == 1:
            raise subprocess.CalledProcessError(1, self.module)
        self.target.touch()

    monkeypatch.setattr(recipes.RecipeStep, "run", run)
    steps = [write_step(name, tmp_path / name) for name in ("first", "second", "third")]
    with pytest.raises(subprocess.CalledProcessError):
        run_steps(steps)
    run_steps(steps)
    assert runs == ["first", "second", "second", "third"]
    assert "[1/3] first: done before" in capsys.readouterr().out


def test_a_failed_command_stops_the_recipe(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        run_steps([write_step("first", tmp_path / "first", fails=True)])


def test_an_unknown_step_is_refused_with_the_way_to_the_names(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "training.emotion.recipe", "--data", str(tmp_path), "--steps", "x"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "unknown step x: --list prints all names" in done.stderr


def test_pairs_stay_together_and_no_example_is_lost(tmp_path):
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
