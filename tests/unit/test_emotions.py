from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from runners.emotion.calibration import SENTIMENT_OF, EmotionCalibration, EmotionContext

LABELS = tuple(SENTIMENT_OF)


@pytest.fixture
def calibration():
    return EmotionCalibration(LABELS, np.full(28, 0.3, np.float32))


def probabilities(**named):
    return np.asarray([named.get(label, 0.01) for label in LABELS], np.float32)


def names(emotions):
    return [emotion.name for emotion in emotions]


def test_sentiments_cover_the_28_labels():
    assert len(SENTIMENT_OF) == 28
    assert set(SENTIMENT_OF.values()) == {"positive", "negative", "ambiguous", "neutral"}


def test_tuned_thresholds_decide(calibration):
    row = probabilities(joy=0.5, love=0.6, fear=0.29)
    assert names(calibration.decide(row)) == ["love", "joy"]


@pytest.mark.parametrize(
    ("row", "name"),
    [({"grief": 0.14, "neutral": 0.15}, "neutral"), ({"grief": 0.2, "neutral": 0.003}, "grief")],
)
def test_where_no_label_reaches_its_threshold_the_nearest_is_the_answer(calibration, row, name):
    (only,) = calibration.decide(probabilities(**row))
    assert (only.name, only.confidence) == (name, row[name])


def test_a_given_threshold_holds_for_all_labels_and_adds_nothing(calibration):
    row = probabilities(joy=0.5, love=0.6)
    assert names(calibration.decide(row, threshold=0.55)) == ["love"]
    assert calibration.decide(row, threshold=0.9) == []


def test_threshold_zero_and_top_3_gives_the_three_highest(calibration):
    row = probabilities(joy=0.5, love=0.6, fear=0.2)
    assert names(calibration.decide(row, threshold=0.0, top_k=3)) == ["love", "joy", "fear"]


def test_one_sentence_of_grief_is_not_drowned(calibration):
    rows = [probabilities(neutral=0.9)] * 9 + [probabilities(grief=0.9)]
    whole = calibration.aggregate(rows, [30.0] * 10)
    assert calibration.interpret(whole).primary.name == "grief"


def test_an_entry_is_neutral_where_all_of_it_is(calibration):
    whole = calibration.aggregate([probabilities(neutral=0.9)] * 5, [10.0] * 5)
    assert names(calibration.decide(whole)) == ["neutral"]


def test_a_whole_has_three_emotions_at_most(calibration):
    felt = ["joy", "anger", "fear", "love", "grief", "pride"]
    whole = calibration.aggregate([probabilities(**{name: 0.9}) for name in felt], [10.0] * 6)
    assert len(calibration.decide(whole)) <= 3


def test_the_strongest_emotion_of_a_whole_comes_first_whatever_the_thresholds(calibration):
    thresholds = calibration.thresholds.copy()
    thresholds[LABELS.index("joy")], thresholds[LABELS.index("sadness")] = 0.1, 0.6
    uneven = dataclasses.replace(calibration, thresholds=thresholds)
    rows = [probabilities(joy=0.9)] * 3 + [probabilities(sadness=0.9)] * 2
    assert names(uneven.decide(uneven.aggregate(rows, [10.0] * 5))) == ["joy", "sadness"]


def test_the_whole_of_one_sentence_is_that_sentence(calibration):
    row = probabilities(joy=0.7, fear=0.2)
    assert calibration.aggregate([row], [5.0]) == pytest.approx(row)


def test_a_whole_tells_shares_and_strength_and_whether_it_is_mixed(calibration):
    rows = [probabilities(joy=0.9), probabilities(sadness=0.9), probabilities(neutral=0.9)]
    lengths = [50.0, 30.0, 20.0]
    mixed = calibration.interpret_entry(calibration.aggregate(rows, lengths), rows, lengths)
    assert mixed.shares == {"joy": 0.5, "sadness": 0.3}
    assert mixed.mixed
    calm_rows = [probabilities(neutral=0.95)] * 3
    calm = calibration.interpret_entry(
        calibration.aggregate(calm_rows, lengths), calm_rows, lengths
    )
    assert not calm.mixed
    assert (calm.intensity_level, mixed.intensity_level) == ("low", "high")
    assert 0.0 <= calm.intensity < mixed.intensity <= 1.0


def test_context_says_whose_feeling_and_when(calibration):
    with_contexts = dataclasses.replace(
        calibration,
        contexts=("other", "past", "wished"),
        context_thresholds=np.full(3, 0.5, np.float32),
    )

    def context(*values, **named):
        return with_contexts.decide_context(
            np.append(probabilities(**named), values).astype(np.float32)
        )

    assert context(0.1, 0.1, 0.1, joy=0.9) == EmotionContext("writer", "present")
    assert context(0.9, 0.1, 0.1, neutral=0.9) == EmotionContext("other", "present")
    assert context(0.1, 0.6, 0.9, desire=0.9) == EmotionContext("writer", "wished")
    assert context(0.1, 0.1, 0.1, neutral=0.9) == EmotionContext(None, None)
    assert calibration.decide_context(probabilities(joy=0.9)) == EmotionContext(None, None)


def test_a_reading_keeps_its_primary_under_a_high_threshold(calibration):
    reading = calibration.interpret(probabilities(joy=0.7), threshold=0.95)
    assert reading.emotions == []
    assert reading.primary.name == "joy"
    assert reading.sentiment == "positive"
