"""The evaluations on the contrast probe and on marked words, with cases that can be counted."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from runners.emotion.calibration import EmotionCalibration
from runners.emotion.classifier import EmotionClassifier
from runners.fakes import FakeEmotionClassifier
from training.emotion.contrast import Contrast
from training.emotion.evaluate_contrast import evaluate as evaluate_contrast
from training.emotion.evaluate_contrast import evaluate_contexts
from training.emotion.evaluate_reasons import MarkedText
from training.emotion.evaluate_reasons import evaluate as evaluate_reasons
from training.emotion.former import EVALUATIONS, FORMER_FILE, print_figures
from training.emotion.former import evaluate as evaluate_former

# it has what is used of the classifier
CLASSIFIER = cast("EmotionClassifier", FakeEmotionClassifier())


@dataclass
class Calibrated:
    """A classifier of which only the calibration is used."""

    calibration: EmotionCalibration


CALIBRATED = cast(
    "EmotionClassifier",
    Calibrated(
        EmotionCalibration(
            labels=("joy", "sadness", "neutral"),
            thresholds=np.full(3, 0.5, dtype=np.float32),
            contexts=("other", "past"),
            context_thresholds=np.asarray([0.5, 0.2], dtype=np.float32),
        )
    ),
)


def contrast(
    side: str, labels: set[str], excluded: set[str], context: set[str], *second_reader: str
) -> Contrast:
    sets = map(frozenset, (labels, excluded, context, second_reader))
    return Contrast("text", "negation", side, *sets)


CONTRASTS = [
    contrast("felt", {"joy"}, set(), set()),
    contrast("changed", {"sadness"}, {"joy"}, {"past"}),
    contrast("changed", {"sadness"}, {"joy"}, {"past"}),
    contrast("changed", {"sadness"}, {"joy"}, {"other"}, "neutral"),
]
# joy, sadness, neutral, other, past
ROWS = np.asarray(
    [
        [0.9, 0.1, 0.0, 0.0, 0.3],
        [0.1, 0.9, 0.0, 0.0, 0.3],
        [0.8, 0.9, 0.0, 0.0, 0.1],  # the first label is correct, the second is excluded
        [0.1, 0.2, 0.9, 0.4, 0.1],
    ],
    dtype=np.float32,
)


def test_a_prediction_needs_a_correct_first_label_and_none_that_is_excluded():
    figures = evaluate_contrast(CALIBRATED, CONTRASTS, ROWS)["negation"]
    assert figures["texts"] == 4
    assert figures["felt"] == 1.0
    assert figures["changed"] == pytest.approx(1 / 3)
    assert figures["accuracy"] == pytest.approx(2 / 4)
    assert figures["accepted"] == pytest.approx(3 / 4)
    assert figures["nothing_wrong_said"] == pytest.approx(2 / 3)


def test_contexts_are_decided_by_their_own_thresholds():
    figures = evaluate_contexts(CALIBRATED, CONTRASTS, ROWS)
    assert figures["past"] == {"texts": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert figures["other"] == {"texts": 1, "precision": 0.0, "recall": 0.0, "f1": 0.0}


def test_an_explanation_is_sensible_if_its_heaviest_word_was_marked():
    marked = [
        MarkedText("the bus brought joy", {"joy": frozenset({"joy"})}),
        MarkedText("a great fear of the bus", {"fear": frozenset({"bus"})}),
        MarkedText("all is full of love", {"anger": frozenset({"all"})}),
    ]
    figures = evaluate_reasons(CLASSIFIER, marked)
    # the emotion of the last text is not in its marks, so it is not judged
    assert figures["explanations"] == figures["with_a_word"] == 2
    assert figures["sensible"] == 0.5
    assert figures["not_sensible"] == ["fear: fear"]


def test_figures_are_printed_beside_those_of_the_former_model(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    checkpoint = tmp_path / "checkpoints" / "emotion"
    checkpoint.mkdir(parents=True)
    former = {"evaluation": {"negation": {"texts": 110, "accuracy": 0.5}, "gone": {"f1": 0.1}}}
    (checkpoint / FORMER_FILE).write_text(json.dumps(former))
    figures = {"negation": {"texts": 110, "accuracy": 0.75}, "new": {"f1": 0.3}}
    print_figures("evaluation", figures, tmp_path / "samo-emotion" / "tag")
    *table, last = capsys.readouterr().out.splitlines()
    [row] = [line for line in table if "negation" in line]
    assert [cell.strip() for cell in row.split("│")[1:-1]] == [
        "negation, accuracy", "0.500", "0.750", "0.250",
    ]  # fmt: skip
    assert not any("texts" in line or "gone" in line or "new" in line for line in table)
    assert json.loads(last) == figures
    print_figures("evaluation", figures, tmp_path / "samo-emotion" / "tag", is_default=False)
    [alone] = capsys.readouterr().out.splitlines()
    assert json.loads(alone) == figures


def test_a_model_without_a_former_one_is_printed_alone(tmp_path, capsys):
    print_figures("evaluation", {"accuracy": 0.75}, tmp_path / "model")
    assert capsys.readouterr().out == '{"accuracy": 0.75}\n'


@pytest.mark.parametrize("module", EVALUATIONS)
def test_each_evaluation_of_the_former_model_accepts_its_options(tmp_path, monkeypatch, module):
    class ParsedError(Exception):
        """Stops the evaluation after its arguments were parsed."""

    parse = argparse.ArgumentParser.parse_args

    def parse_and_stop(self):
        arguments = vars(parse(self))
        assert tmp_path in arguments.values()  # the model, in the option that this evaluation has
        raise ParsedError

    def run(command, **_):
        monkeypatch.setattr(sys, "argv", command[2:])
        importlib.import_module(command[2]).main()

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ParsedError):
        evaluate_former(module, Path("data"), tmp_path)
