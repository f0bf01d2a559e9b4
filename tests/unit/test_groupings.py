from __future__ import annotations

import numpy as np
import pytest

from runners.emotion.calibration import EmotionCalibration
from runners.emotion.prediction import SENTIMENT_OF
from samo.insight.groupings import EKMAN, contradicts, group_emotions, noisy_or

LABELS = tuple(SENTIMENT_OF)


MOODS = ("happy", "sad", "tired")


@pytest.fixture
def calibration():
    return EmotionCalibration(
        LABELS, np.full(28, 0.3, np.float32),
        moods=MOODS, mood_thresholds=np.asarray([0.3, 0.3, 0.5], np.float32),
    )  # fmt: skip


def probabilities(**named):
    return np.asarray([named.get(name, 0.001) for name in LABELS + MOODS], np.float32)


def moods(calibration, row):
    return names(group_emotions(calibration, row).moods)


def names(emotions):
    return [emotion.name for emotion in emotions]


def test_each_label_is_in_one_of_ekmans_groups():
    members = [label for group_members in EKMAN.values() for label in group_members]
    assert sorted(members) == sorted(LABELS)


def test_half_sure_members_make_a_surer_group():
    row = probabilities(anger=0.5, annoyance=0.5)
    assert noisy_or(LABELS, row, ["anger", "annoyance"]) == pytest.approx(0.75)
    assert noisy_or(LABELS, row, []) == 0.0


def test_groups_are_those_of_the_decided_labels(calibration):
    row = probabilities(anger=0.25, annoyance=0.25, neutral=0.5)
    assert names(calibration.decide(row)) == ["neutral"]
    assert names(group_emotions(calibration, row).ekman) == ["neutral"]


def test_moods_do_not_contradict_the_labels(calibration):
    assert moods(calibration, probabilities(grief=0.8, happy=0.5, sad=0.2)) == ["sad"]
    assert moods(calibration, probabilities(grief=0.8, joy=0.4, happy=0.5)) == ["happy"]
    assert contradicts("sad", ["joy", "love"])
    assert not contradicts("tired", ["joy"])
    assert not contradicts("sad", ["joy", "grief"])


def test_where_something_is_felt_the_nearest_mood_is_answered(calibration):
    assert moods(calibration, probabilities(joy=0.8, happy=0.2)) == ["happy"]
    assert moods(calibration, probabilities(joy=0.8, happy=0.1)) == []


def test_groups_come_highest_first(calibration):
    groups = group_emotions(calibration, probabilities(joy=0.5, sadness=0.8, happy=0.4, sad=0.9))
    assert names(groups.ekman) == ["sadness", "joy"]
    assert names(groups.moods) == ["sad", "happy"]
    assert groups.sentiments["negative"] == pytest.approx(0.8 / 1.3, abs=1e-3)


def test_nothing_felt_is_neutral_and_no_mood(calibration):
    groups = group_emotions(calibration, probabilities(neutral=0.2))
    assert [(one.name, one.confidence) for one in groups.ekman] == [("neutral", 0.2)]
    assert groups.moods == []


def test_each_mood_has_its_own_threshold(calibration):
    groups = group_emotions(calibration, probabilities(neutral=0.9, tired=0.4, sad=0.4))
    assert [(one.name, one.confidence) for one in groups.moods] == [("sad", 0.4)]
    assert names(groups.ekman) == ["neutral"]


def test_moods_are_no_labels(calibration):
    row = probabilities(tired=0.99, neutral=0.6)
    assert names(calibration.decide(row)) == ["neutral"]
    assert names(calibration.decide(row, threshold=0.0, top_k=1)) == ["neutral"]


def test_a_model_without_moods_decides_for_none():
    calibration = EmotionCalibration(LABELS, np.full(28, 0.3, np.float32))
    assert group_emotions(calibration, probabilities(joy=0.9)[:28]).moods == []


def test_one_tired_sentence_makes_a_tired_entry(calibration):
    rows = [probabilities(neutral=0.9), probabilities(neutral=0.9, tired=0.9)]
    assert moods(calibration, calibration.aggregate(rows, [1, 1])) == ["tired"]
