from __future__ import annotations

import numpy as np
import pytest

from samo.emotions import SENTIMENT_OF, EmotionScale
from samo.groupings import EKMAN, MOODS, group, noisy_or

LABELS = tuple(SENTIMENT_OF)


@pytest.fixture
def scale():
    return EmotionScale(LABELS, np.full(28, 0.3, np.float32), temperature=1.0, exponent=4.0)


def probabilities(**named):
    return np.asarray([named.get(label, 0.001) for label in LABELS], np.float32)


def names(emotions):
    return [emotion.name for emotion in emotions]


def test_each_label_is_in_one_of_ekmans_groups():
    members = [label for group_members in EKMAN.values() for label in group_members]
    assert sorted(members) == sorted(LABELS)


def test_moods_weigh_labels_that_exist():
    assert len(MOODS) == 12
    for weights in MOODS.values():
        assert set(weights) < set(LABELS)
        assert all(0 < weight <= 1 for weight in weights.values())


def test_half_sure_members_make_a_surer_group():
    row = probabilities(anger=0.5, annoyance=0.5)
    assert noisy_or(LABELS, row, {"anger": 1.0, "annoyance": 1.0}) == pytest.approx(0.75)
    assert noisy_or(LABELS, row, {"anger": 0.5}) == pytest.approx(0.25)
    assert noisy_or(LABELS, row, {}) == 0.0


def test_a_group_is_decided_where_none_of_its_members_is(scale):
    row = probabilities(anger=0.25, annoyance=0.25)
    assert names(scale.decide(row)) == ["neutral"]
    assert names(group(scale, row, "Hm.").ekman) == ["anger"]


def test_groups_come_highest_first(scale):
    grouped = group(scale, probabilities(joy=0.5, sadness=0.8), "Hm.")
    assert names(grouped.ekman) == ["sadness", "joy"]
    assert names(grouped.moods) == ["sad", "happy"]
    assert grouped.sentiments["negative"] == pytest.approx(0.8 / 1.3, abs=1e-3)


def test_nothing_felt_is_neutral_and_no_mood(scale):
    grouped = group(scale, probabilities(neutral=0.2), "The bus leaves at seven.")
    assert [(one.name, one.confidence) for one in grouped.ekman] == [("neutral", 0.2)]
    assert grouped.moods == []


@pytest.mark.parametrize(
    ("label", "mood"),
    [
        ("nervousness", "anxious"),
        ("excitement", "excited"),
        ("annoyance", "frustrated"),
        ("gratitude", "grateful"),
        ("joy", "happy"),
        ("optimism", "hopeful"),
        ("pride", "proud"),
        ("grief", "sad"),
    ],
)
def test_a_mood_that_is_a_label_needs_no_words(scale, label, mood):
    assert mood in names(group(scale, probabilities(**{label: 0.5}), "Hm.").moods)


def test_a_label_that_suggests_a_mood_must_be_nearly_certain(scale):
    assert names(group(scale, probabilities(love=0.5), "Hm.").moods) == []
    assert names(group(scale, probabilities(love=0.9), "Hm.").moods) == ["happy"]


def test_what_the_writer_says_is_a_mood_though_the_labels_have_none(scale):
    grouped = group(scale, probabilities(neutral=0.9), "We had soup. I am so tired.")
    assert names(grouped.moods) == ["tired"]
    assert names(grouped.ekman) == ["neutral"]


def test_a_topic_is_a_mood_only_where_emotions_bear_it_out(scale):
    text = "I slept four hours."
    assert group(scale, probabilities(neutral=0.9), text).moods == []
    assert group(scale, probabilities(joy=0.9), text).moods[-1].name == "happy"
    assert "tired" in names(group(scale, probabilities(annoyance=0.9), text).moods)


def test_relief_makes_calm_surer(scale):
    text = "I feel calm."
    (said,) = group(scale, probabilities(neutral=0.9), text).moods
    (felt,) = group(scale, probabilities(relief=0.5), text).moods
    assert (said.name, felt.name) == ("calm", "calm")
    assert felt.confidence > said.confidence
