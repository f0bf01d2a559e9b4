"""Comparison of a summary with its entry, and removal of disfluencies: pure functions on texts."""

import pytest

from runners.text.cleaning import remove_disfluencies
from runners.text.compare import (
    bigram_recall,
    is_degenerate,
    is_invented,
    is_negated,
    is_same_wording,
)


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("um i was so happy", "I was so happy."),
        ("So, um, I, I went home", "I went home."),
        ("It was, like, great!", "It was great!"),
        ("I mean, it hurt, you know, a lot.", "It hurt a lot."),
        ("we we went to the the beach", "We went to the beach."),
        ("I had had enough", "I had had enough."),
        ("I was so, so happy.", "I was so, so happy."),
        ("I like you, you know.", "I like you, you know."),
        ("i’m sad and i’ve cried", "I’m sad and I’ve cried."),
        ('He asked "why?"', 'He asked "why?"'),
        ("um, uh", ""),
        ("The drummer hummed.", "The drummer hummed."),
        # punctuation, emoji and URLs are kept
        ("I got the job!!! :) :) <3", "I got the job!!! :) :) <3"),
        ("I feel sad :(", "I feel sad :("),
        ("I feel sad :D", "I feel sad :D"),
        ("um, so sad :(", "So sad :("),
        ("我今天很难过。", "我今天很难过。"),
        ("我今天很难过", "我今天很难过"),
        ("هل أنت بخير؟", "هل أنت بخير؟"),
        ("मैं खुश हूँ।", "मैं खुश हूँ।"),
        ("¿Por qué?", "¿Por qué?"),
        ("¡Qué día!", "¡Qué día!"),
        ("Je suis triste !", "Je suis triste !"),
        ("Well… maybe …", "Well… maybe …"),
        ("What!?", "What!?"),
        ("Grateful for:", "Grateful for:"),
        ("night,", "Night,"),
        ("iPhone broke.", "iPhone broke."),
        ("eBay is down", "eBay is down."),
        ("iOS 18 is out", "iOS 18 is out."),
        ("e-mail came", "e-mail came."),
        ("see https://a.b/c", "See https://a.b/c"),
        ("me@b.com wrote", "me@b.com wrote."),
        ("So happy 🎉🎉", "So happy 🎉🎉"),
        ("“I left,” she said", "“I left,” she said."),
        ("He said “no.”", "He said “no.”"),
        ("(I was sad)", "(I was sad)."),
        ("#grateful", "#grateful"),
        ("I scored 50%", "I scored 50%"),
        ("Я устал", "Я устал."),
        ("- tea", "- tea."),
        ("😀😀", "😀😀"),
        ("???", "???"),
    ],
)
def test_disfluencies_are_removed(spoken, written):
    assert remove_disfluencies(spoken) == written


def test_invented_words_are_compared_by_stem():
    entry = "I cried because my cousins visited."
    assert not is_invented("I was crying, and then my cousin visits.", entry)
    assert is_invented("I laughed because my cousins visited.", entry)
    assert not is_invented("I dont cry.", "I don't cry.")


def test_negation():
    assert is_negated("I didn’t sleep.")
    assert is_negated("Nobody asked.")
    assert is_negated("I do not know")
    assert not is_negated("I noted it in a notebook.")


def test_degenerate():
    assert is_degenerate(" . ")
    assert is_degenerate("I am so sad I am so sad I am so sad")
    assert not is_degenerate("I am so sad. I am so glad.")


def test_bigram_recall():
    assert bigram_recall("I was happy.", "Today I was happy!") == 1.0
    assert bigram_recall("I was happy.", "I was sad.") == 0.5
    assert bigram_recall("Happy.", "So happy.") == 1.0
    assert bigram_recall("...", "So happy.") == 0.0


@pytest.mark.parametrize(
    ("sentence", "rewritten"),
    [
        ("um so i was happy", "I was happy."),
        ("i went i went home, you know, early", "I went home early."),
        ("and then she called me", "And then she called me!"),
        ("It was like really great.", "It was like really great."),
        ("well i mean it's fine", "It's fine."),
    ],
)
def test_disfluencies_may_be_removed(sentence, rewritten):
    assert is_same_wording(sentence, rewritten)


@pytest.mark.parametrize(
    ("sentence", "rewritten"),
    [
        ("i did not sleep", "I did sleep."),
        ("i like you", "I you."),
        ("i felt so sad", "I felt sad."),
        ("i was happy and scared", "I was happy."),
        ("i was happy", "I was very happy."),
        ("anna saw me", "Me saw Anna."),
        ("i was happy", ""),
    ],
)
def test_other_words_may_not_be_removed_or_added(sentence, rewritten):
    assert not is_same_wording(sentence, rewritten)
