from __future__ import annotations

import numpy as np
import pytest

from samo.emotions import SENTIMENT_OF, EmotionScale

LABELS = tuple(SENTIMENT_OF)


@pytest.fixture
def scale():
    return EmotionScale(LABELS, np.full(28, 0.3, np.float32), temperature=1.0, exponent=4.0)


def probabilities(**named):
    return np.asarray([named.get(label, 0.01) for label in LABELS], np.float32)


def names(emotions):
    return [emotion.name for emotion in emotions]


def test_sentiments_cover_the_28_labels():
    assert len(SENTIMENT_OF) == 28
    assert set(SENTIMENT_OF.values()) == {"positive", "negative", "ambiguous", "neutral"}


def test_tuned_thresholds_decide(scale):
    row = probabilities(joy=0.5, love=0.6, fear=0.29)
    assert names(scale.decide(row)) == ["love", "joy"]


def test_nothing_felt_is_neutral_not_the_least_bad_guess(scale):
    (only,) = scale.decide(probabilities(grief=0.2, neutral=0.15))
    assert (only.name, only.confidence) == ("neutral", 0.15)


def test_a_given_threshold_holds_for_all_labels_and_adds_nothing(scale):
    row = probabilities(joy=0.5, love=0.6)
    assert names(scale.decide(row, threshold=0.55)) == ["love"]
    assert scale.decide(row, threshold=0.9) == []


def test_threshold_zero_and_top_3_gives_the_three_highest(scale):
    row = probabilities(joy=0.5, love=0.6, fear=0.2)
    assert names(scale.decide(row, threshold=0.0, top_k=3)) == ["love", "joy", "fear"]


def test_one_sentence_of_grief_is_not_drowned(scale):
    rows = [probabilities(neutral=0.9)] * 9 + [probabilities(grief=0.9)]
    whole = scale.aggregate(rows, [30.0] * 10)
    assert scale.read(whole).primary.name == "grief"


def test_an_entry_is_neutral_only_where_all_of_it_is(scale):
    whole = scale.aggregate([probabilities(neutral=0.9)] * 5, [10.0] * 5)
    assert names(scale.decide(whole)) == ["neutral"]


def test_aggregating_one_sentence_changes_nothing(scale):
    row = probabilities(joy=0.7, fear=0.2)
    assert scale.aggregate([row], [5.0]) == pytest.approx(row, abs=1e-5)


def test_a_reading_keeps_its_primary_under_a_high_threshold(scale):
    reading = scale.read(probabilities(joy=0.7), threshold=0.95)
    assert reading.emotions == []
    assert reading.primary.name == "joy"
    assert reading.sentiment == "positive"


@pytest.mark.parametrize(("joy", "intensity"), [(0.1, "low"), (0.3, "medium"), (0.7, "high")])
def test_intensity_is_that_of_the_strongest_feeling(scale, joy, intensity):
    assert scale.read(probabilities(joy=joy, neutral=0.9)).intensity == intensity
