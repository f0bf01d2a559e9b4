from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.batching import Batcher
from runners.emotion.classifier import OccludedText, TextWithWords
from runners.errors import InvalidRequest
from runners.fakes import FakeEmotionClassifier, FakeSummarizer, FakeTranscriber
from runners.text.blank import is_blank
from samo.insight.explanation import (
    MIN_RELATIVE_WEIGHT,
    MIN_SHARE_OF_MINIMUM,
    MIN_WORD_WEIGHT,
    explain,
)
from samo.insight.pipeline import Pipeline
from samo.insight.words import TextWord, split_words
from samo.limits import MAX_EXPLAINED_CHARACTERS, MAX_EXPLAINED_WORDS

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
THUMB = "\U0001f44d\U0001f3fd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't know, it’s", ["I", "don't", "know", ",", "it’s"]),
        ("the dogs' rock'n'roll", ["the", "dogs", "'", "rock'n'roll"]),
        ("so\thappy\r\n  today ", ["so", "happy", "today"]),
        ("no no no", ["no", "no", "no"]),
        ("3.14 of 1,000", ["3.14", "of", "1,000"]),
        (f"hi{FAMILY}{THUMB}🇩🇪🇫🇷 1️⃣#️⃣❤️", ["hi", FAMILY, THUMB, "🇩🇪", "🇫🇷", "1️⃣", "#️⃣", "❤️"]),
        ("😭😭 well", ["😭", "😭", "well"]),
        ("我很高兴。カタカナ", ["我", "很", "高", "兴", "。", "カタカナ"]),
        ("한국어 שלום", ["한국어", "שלום"]),
        ("cafe\u0301 naïve", ["cafe\u0301", "naïve"]),
        ("What?! Oh... :-) :D <3", ["What", "?!", "Oh", "...", ":-)", ":D", "<3"]),
        (":Dog [NAME]", [":", "Dog", "[", "NAME", "]"]),
        ("a\u200b \x00b", ["a", "b"]),
        ("", []),
        (" \n\t\u200b", []),
    ],
)
def test_words(text, expected):
    assert [word.text for word in split_words(text)] == expected


@pytest.mark.slow
@given(st.text(max_size=60))
def test_words_have_exact_places_in_order_and_leave_nothing_visible_out(text):
    words = split_words(text)
    position = 0
    for word in words:
        assert word.text == text[word.start : word.end]
        assert position <= word.start < word.end
        position = word.end
    # Hangul fillers are letters that show nothing
    letters = sum(character.isalnum() and not is_blank(character) for character in text)
    assert letters == sum(character.isalnum() for word in words for character in word.text)


def _listed(words, weights, probability, reasons=None, emotion="joy"):
    """The words of the explanation; by default all are as likely a reason."""
    reasons = np.full(len(words), 0.3) if reasons is None else np.asarray(reasons)
    return explain(emotion, words, np.asarray(weights), reasons, probability).words


def _words(number):
    return [TextWord("w", index, index + 1) for index in range(number)]


def test_only_words_that_matter_are_listed_heaviest_first():
    smallest = MIN_SHARE_OF_MINIMUM * MIN_RELATIVE_WEIGHT * 0.8
    listed = _listed(_words(6), [0.3, -0.4, smallest - 0.001, 0.8, 0.3, smallest], 0.8)
    assert [one.word.start for one in listed] == [3, 0, 4, 5]
    assert [one.weight for one in listed] == [0.8, 0.3, 0.3, smallest]


@pytest.mark.parametrize("mark", ["!", "…", "?!", "--"])
def test_punctuation_is_listed_only_where_nothing_else_matters(mark):
    words = [TextWord(mark, 0, 2), TextWord("won", 3, 6)]
    assert [one.word.text for one in _listed(words, [0.5, 0.3], 0.6)] == ["won"]
    assert [one.word.text for one in _listed(words, [0.5, 0.001], 0.6)] == [mark]
    assert _listed(words, [0.001, 0.001], 0.6, [0.9, 0.1]) == []


@pytest.mark.parametrize("word", ["couldn't", "well", ":)", "😭", "ill"])
def test_negations_and_emoticons_are_listed_beside_other_words(word):
    words = [TextWord(word, 0, 2), TextWord("won", 3, 6)]
    assert _listed(words, [0.5, 0.3], 0.6)[0].word.text == word


def test_the_likeliest_reasons_among_the_words_that_matter_are_listed():
    words = [TextWord(text, 0, 0) for text in ("Dad", "funeral", "my", "wept")]
    listed = _listed(words, [0.5, 0.06, 0.2, 0.1], 0.6, [0.1, 0.9, 0.01, 0.88])
    assert [one.word.text for one in listed] == ["wept", "funeral"]
    # without "funeral" the emotion is as probable
    listed = _listed(words, [0.5, 0.009, 0.2, 0.1], 0.6, [0.1, 0.9, 0.01, 0.01])
    assert [one.word.text for one in listed] == ["Dad"]
    assert _listed(words, [0.04, 0.04, 0.0, 0.0], 0.6) == []


def test_where_either_word_is_enough_the_likely_reasons_are_listed():
    words = [TextWord(text, 0, 0) for text in ("thanks", "thank", "you", "so")]
    weights = [0.0004, 0.003, 0.004, -0.01]
    listed = _listed(words, weights, 0.9, [0.8, 0.85, 0.1, 0.82])
    assert [one.word.text for one in listed] == ["thank", "thanks", "so"]
    assert [one.weight for one in listed] == [0.003, 0.0004, 0.0]
    assert _listed(words, weights, 0.9, [0.49, 0.4, 0.1, 0.2]) == []
    weights[3] = -MIN_WORD_WEIGHT  # it speaks against the emotion
    listed = _listed(words, weights, 0.9, [0.4, 0.8, 0.1, 0.9])
    assert [one.word.text for one in listed] == ["thank"]


def test_a_weight_that_a_response_would_round_to_zero_makes_no_difference():
    assert _listed(_words(2), [0.00006, 0.00003], 0.0001) == []


def test_where_no_word_by_itself_matters_none_is_listed():
    assert _listed(_words(2), np.full(2, MIN_WORD_WEIGHT - 0.001), 0.6) == []
    assert _listed([], np.empty(0), 0.6) == []


def test_where_the_model_is_certain_a_word_that_halves_the_odds_is_listed():
    # 0.998 has half the odds of 0.999
    assert [one.weight for one in _listed(_words(2), [0.0012, 0.00001], 0.999)] == [0.0012]
    assert _listed(_words(2), [0.0012, 0.00001], 0.9) == []


def test_neutral_is_carried_by_no_word():
    assert _listed(_words(2), [0.5, 0.1], 0.6, emotion="neutral") == []


class Watched(FakeEmotionClassifier):
    """Remembers what it was given."""

    def __init__(self):
        super().__init__()
        self.items = []

    def prepare(self, item):
        self.items.append(item)
        return super().prepare(item)


def run(text, threshold=None, top_k=None):
    runner = Watched()
    calls = []

    fakes: list[Any] = [FakeTranscriber(), runner, FakeSummarizer()]

    async def body():
        batchers = [
            Batcher("fake", fake, max_batch_cost=1000, max_wait_seconds=1) for fake in fakes
        ]
        ask = batchers[1].run

        def counted(items, **options):
            calls.append(len(items))
            return ask(items, **options)

        batchers[1].run = counted
        speech, emotion, summary = batchers
        pipeline = Pipeline(speech, emotion, summary, runner.calibration)
        try:
            return await pipeline.explain(text, threshold, top_k)
        finally:
            for batcher in batchers:
                batcher.close()

    _, explanations = asyncio.run(body())
    return explanations, calls, runner.items


def test_the_variants_are_one_request_after_the_words():
    explanations, calls, items = run("such joy today")
    assert calls == [1, 1, 3]
    assert items[1:] == [
        TextWithWords("such joy today", ((0, 4), (5, 8), (9, 14))),
        OccludedText("such joy today", ((0, 4),)),
        OccludedText("such joy today", ((5, 8),)),
        OccludedText("such joy today", ((9, 14),)),
    ]
    (joy,) = explanations
    assert [(word.word, round(word.weight, 2)) for word in joy.words] == [
        (TextWord("joy", 5, 8), 0.89)
    ]


@pytest.mark.parametrize("text", ["such **joy** today", "<p>such <b>joy</b> today</p>"])
def test_words_are_listed_without_markup(text):
    (joy,), _, _ = run(text)
    assert [one.word for one in joy.words] == [
        TextWord("joy", text.index("joy"), text.index("joy") + 3)
    ]


def test_a_neutral_text_costs_nothing_more():
    explanations, calls, _ = run("The bus leaves at seven.")
    assert [(e.emotion, e.words) for e in explanations] == [("neutral", [])]
    assert calls == [1]


def test_a_long_text_is_explained_in_its_sentences_where_something_is_felt():
    calm = "The bus was late and then we all went home together. "
    text = (
        f"{calm * 3}I woke up with much joy about it all. {calm * 3}And then came anger at it all!"
    )
    explanations, calls, items = run(text)
    assert {e.emotion: [w.word.text for w in e.words] for e in explanations} == {
        "joy": ["joy"],
        "anger": ["anger"],
    }
    for explanation in explanations:
        for word in explanation.words:
            assert text[word.word.start : word.word.end] == word.word.text == explanation.emotion
    # two sentences with their words, then each of these 18 words hidden; six others feel nothing
    assert calls == [8, 2, 18]
    assert {item.text for item in items[8:]} == {
        "I woke up with much joy about it all.",
        "And then came anger at it all!",
    }


def test_exactly_the_emotions_of_the_answer_are_explained():
    explanations, _, _ = run("joy and gratitude", threshold=0.0, top_k=3)
    assert [e.emotion for e in explanations[:2]] == ["gratitude", "joy"]
    assert [len(e.words) for e in explanations] == [1, 1, 0]
    assert run("joy", threshold=0.95)[:2] == ([], [1])


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("joy " * (MAX_EXPLAINED_CHARACTERS // 4) + "j", MAX_EXPLAINED_CHARACTERS),
        ("a " * MAX_EXPLAINED_WORDS + "b", MAX_EXPLAINED_WORDS),
    ],
)
def test_a_text_that_is_too_long_to_explain_is_refused_before_it_costs(text, limit):
    with pytest.raises(InvalidRequest, match=str(limit)):
        run(text)
