"""Selection of sentences by salience, by central content, or by both."""

from __future__ import annotations

import math
from itertools import combinations

import pytest

from runners.summarizer.ranking import Ranking, is_dialogue
from runners.summarizer.selection import add_list_items, select_sentences

ENTRY = ("The bus was late.", "I was so happy that I cried.", "We had soup.", "I miss them.")
SALIENCE = (0.1, 0.9, 0.05, 0.85)


def test_the_most_salient_sentences_are_selected_in_order():
    assert select_sentences(ENTRY, 2, SALIENCE, "feeling") == (1, 3)
    assert select_sentences(ENTRY, 1, SALIENCE, "feeling") == (1,)


def test_sentences_of_low_salience_are_skipped():
    assert select_sentences(ENTRY, 4, SALIENCE, "feeling") == (1, 3)


def test_sentences_with_content_are_preferred():
    assert select_sentences(
        ("Thank you so much!", "I miss my sister."), 1, (0.99, 0.95), "feeling"
    ) == (1,)
    assert select_sentences(("Thank you so much!",), 1, (0.99,), "feeling") == (0,)


def test_repeated_sentences_are_selected_once():
    entry, salience = ("I miss them.", "Soup.", "I miss them!"), (0.9, 0.1, 0.9)
    assert select_sentences(entry, 3, salience, "feeling") == (0,)
    assert select_sentences(entry, 3, salience, "core") == (0, 1)


NEUTRAL_ENTRY = (
    "Call the landlord about the broken heating.",
    "Nine o'clock.",
    "Ask the landlord for the keys.",
    "Eggs.",
)


@pytest.mark.parametrize("salience", [None, (0.2, 0.1, 0.1, 0.3)])
def test_without_salient_sentences_the_focus_is_gist(salience):
    assert select_sentences(NEUTRAL_ENTRY, 2, salience) == (0, 2)


def test_focus_gist_ignores_salience():
    salience = (0.1, 0.1, 0.1, 0.99)
    assert select_sentences(NEUTRAL_ENTRY, 2, salience, "gist") == (0, 2)
    assert select_sentences(NEUTRAL_ENTRY, 1, salience, "feeling") == (3,)


MOVING = (
    "We moved into the new flat with my sister's van.",
    "The van broke down on the bridge and the flat has no light.",
    "Then it rained.",
    "I am so proud of my sister.",
    "Bread for lunch.",
)


def test_focus_core_selects_central_and_salient_sentences():
    salience = (0.1, 0.2, 0.05, 0.97, 0.02)
    assert select_sentences(MOVING, 2, salience) == (0, 3)
    assert select_sentences(MOVING, 2, salience, "gist") == (0, 1)
    assert select_sentences(MOVING, 2, (0.1, 0.1, 0.1, 0.2, 0.1)) == (0, 1)


def test_the_summary_has_the_highest_score_of_all():
    ranking = Ranking(MOVING, (0.1, 0.2, 0.05, 0.97, 0.02))
    pairs = combinations(range(len(MOVING)), 2)
    assert max(pairs, key=ranking.score) == (0, 3)
    assert ranking.score((0, 3)) > ranking.score((3,)) > -math.inf


def test_a_sentence_without_new_words_is_never_added():
    entry = ("I miss my sister.", "My sister, I miss!", "We ate.")
    assert select_sentences(entry, 3, (0.9, 0.9, 0.1)) == (0, 2)
    assert Ranking(entry, None).score((0, 1)) == -math.inf


def test_the_courtesies_of_a_dialogue_are_not_its_core():
    turns = (
        "Anna: We have to move the boxes to the cellar today.",
        "Ben: Oh, that's great, thank you so much!",
        "Anna: The cellar is full of your boxes.",
        "Ben: I love you, thanks.",
    )
    salience = (0.1, 0.99, 0.1, 0.99)
    assert select_sentences(turns, 1, salience) == (0,)
    assert select_sentences(turns, 1, salience, "feeling") != (0,)
    assert is_dialogue(turns)
    assert not is_dialogue(("Breakfast: toast.", "Lunch: soup.", "Breakfast: eggs."))


def test_run_on_text_of_thousands_of_words_does_not_win_by_its_length():
    long = Ranking(("word " * 60 + "end", "It rained."), None).features(0)
    assert Ranking(("word " * 5000 + "end", "It rained."), None).features(0).length == long.length


@pytest.mark.parametrize("salience", [0.0, 1.0, 0.5])
def test_features_are_finite(salience):
    ranking = Ranking(("", "…", "Yes."), [salience] * 3)
    assert all(math.isfinite(value) for i in range(3) for value in ranking.features(i))
    assert select_sentences(("", "…", "Yes."), 2, [salience] * 3)


def test_list_items_follow_their_introduction():
    entry = ("It rained.", "Grateful for:", "- tea", "- mom", "I slept.")
    assert add_list_items(entry, (1,)) == (1, 2, 3)
    assert add_list_items(entry, (1, 4)) == (1, 2, 3, 4)
    assert add_list_items(entry, (0,)) == (0,)
    assert add_list_items(("Grateful for:", "I slept."), (0,)) == (0,)
    long = ("Grateful for:", *(f"- {number}" for number in range(9)))
    assert add_list_items(long, (0,)) == (0, 1, 2, 3, 4, 5)
