from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from runners.emotion.calibration import EmotionCalibration
from runners.emotion.prediction import SENTIMENT_OF, EmotionContext

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


def test_labels_that_reach_their_threshold_are_decided(calibration):
    row = probabilities(joy=0.5, love=0.6, fear=0.29)
    assert names(calibration.decide(row)) == ["love", "joy"]


@pytest.mark.parametrize(
    ("row", "name"),
    [({"grief": 0.14, "neutral": 0.15}, "neutral"), ({"grief": 0.2, "neutral": 0.003}, "grief")],
)
def test_the_nearest_label_is_decided_if_none_reaches_its_threshold(calibration, row, name):
    (only,) = calibration.decide(probabilities(**row))
    assert (only.name, only.confidence) == (name, row[name])


def test_a_requested_threshold_replaces_all_thresholds(calibration):
    row = probabilities(joy=0.5, love=0.6)
    assert names(calibration.decide(row, threshold=0.55)) == ["love"]
    assert calibration.decide(row, threshold=0.9) == []


def test_threshold_zero_and_top_3_return_the_three_highest(calibration):
    row = probabilities(joy=0.5, love=0.6, fear=0.2)
    assert names(calibration.decide(row, threshold=0.0, top_k=3)) == ["love", "joy", "fear"]


def test_one_sentence_of_grief_among_neutral_ones_decides_the_entry(calibration):
    rows = [probabilities(neutral=0.9)] * 9 + [probabilities(grief=0.9)]
    entry = calibration.aggregate(rows, [30.0] * 10)
    assert calibration.interpret(entry).primary.name == "grief"


def test_an_entry_of_neutral_sentences_is_neutral(calibration):
    entry = calibration.aggregate([probabilities(neutral=0.9)] * 5, [10.0] * 5)
    assert names(calibration.decide(entry)) == ["neutral"]


def test_an_entry_has_at_most_three_emotions(calibration):
    emotions = ["joy", "anger", "fear", "love", "grief", "pride"]
    entry = calibration.aggregate([probabilities(**{name: 0.9}) for name in emotions], [10.0] * 6)
    assert len(calibration.decide(entry)) <= 3


def test_the_most_likely_emotion_of_an_entry_is_first_for_any_thresholds(calibration):
    thresholds = calibration.thresholds.copy()
    thresholds[LABELS.index("joy")], thresholds[LABELS.index("sadness")] = 0.1, 0.6
    uneven = dataclasses.replace(calibration, thresholds=thresholds)
    rows = [probabilities(joy=0.9)] * 3 + [probabilities(sadness=0.9)] * 2
    assert names(uneven.decide(uneven.aggregate(rows, [10.0] * 5))) == ["joy", "sadness"]


def test_an_entry_of_one_sentence_has_its_probabilities(calibration):
    row = probabilities(joy=0.7, fear=0.2)
    assert calibration.aggregate([row], [5.0]) == pytest.approx(row)


def test_an_entry_has_shares_intensity_and_whether_it_is_mixed(calibration):
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


def test_context_is_experiencer_and_tense(calibration):
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


def test_the_primary_emotion_does_not_depend_on_the_threshold(calibration):
    prediction = calibration.interpret(probabilities(joy=0.7), threshold=0.95)
    assert prediction.emotions == []
    assert prediction.primary.name == "joy"
    assert prediction.sentiment == "positive"
