"""The lessons are a pure function of seed and index, and say what the summarizer has to learn."""

import random
import re

import pytest

from training.summarizer.corpora import Pool, Sentence, tidy
from training.summarizer.lessons import (
    BLOCK,
    MAX_BUDGET,
    Corpora,
    Curriculum,
    composite,
    held_out,
    within_budget,
)
from training.summarizer.scores import Selection, faithful_share, is_clean
from training.summarizer.speech import recognized, stumbling

NEUTRAL = [f"I put the {thing} on the table." for thing in ("cup", "key", "map", "hat")]
EMOTIONAL = {
    "I was so happy that I cried.": ("joy",),
    "I miss my grandmother so much.": ("sadness", "love"),
    "Did anyone see that?": ("curiosity",),
    "I hate when they shout.": ("anger",),
}


@pytest.fixture(scope="module")
def corpora():
    pools = []
    for _ in range(4):
        pool = Pool()
        for text in NEUTRAL:
            pool.add(Sentence(text, ("neutral",), 1))
        for text, emotions in EMOTIONAL.items():
            pool.add(Sentence(text, emotions, 1))
        pool.add(Sentence("Well, that is something.", ("joy", "neutral"), 1))
        pools.append(pool)
    return Corpora(*pools)


def test_example_depends_on_seed_and_index_alone(corpora):
    first, again = Curriculum(corpora, 20, seed=3), Curriculum(corpora, 20, seed=3)
    backwards = [again[index] for index in reversed(range(len(again)))]
    assert [first[index] for index in range(len(first))] == backwards[::-1]
    other = Curriculum(corpora, 20, seed=4)
    assert [first[i] for i in range(64)] != [other[i] for i in range(64)]


def test_lessons_come_in_order_and_end(corpora):
    lessons = Curriculum(corpora, 50, word_share=0.2, sentence_share=0.2)
    assert all(lessons[i].source.endswith(lessons[i].target) for i in range(10 * BLOCK))
    last = [lessons[i] for i in range(20 * BLOCK, 50 * BLOCK)]
    composites = [example for example in last if len(example.sentences) > 1]
    assert len(composites) > len(last) / 2
    with pytest.raises(IndexError):
        lessons[len(lessons)]


def test_composite_targets_are_its_emotional_sentences_within_budget(corpora):
    lessons = Curriculum(corpora, 50, word_share=0.0, sentence_share=0.0)
    for index in range(len(lessons)):
        example = lessons[index]
        if not example.source.startswith("summarize"):
            continue
        budget = int(re.match(r"summarize (\d):", example.source)[1])
        chosen = [t for t, c in zip(example.sentences, example.chosen, strict=True) if c]
        assert example.target == " ".join(chosen)
        assert 1 <= len(chosen) <= budget <= MAX_BUDGET
        assert not set(chosen) & set(NEUTRAL)


def test_own_feelings_go_before_stances_and_first_before_later():
    stance = Sentence("Did anyone see that?", ("curiosity",), 1)
    feeling = Sentence("I cried.", ("sadness",), 1)
    later = Sentence("I was glad.", ("joy",), 1)
    assert within_budget([stance, feeling, later], 1) == [False, True, False]
    assert within_budget([stance, feeling, later], 2) == [False, True, True]
    assert within_budget([stance, feeling, later], 3) == [True, True, True]


def test_sentences_in_doubt_are_never_emotional():
    doubtful = Sentence("Well.", ("joy", "neutral"), 1)
    plain = Sentence("It rained.", ("neutral",), 1)
    sad = Sentence("I cried.", ("sadness",), 1)
    example = composite([doubtful, sad, plain], 3, random.Random(0))
    assert example.chosen == (False, True, False)


def test_recognized_speech_has_neither_case_nor_punctuation_and_all_words():
    rng = random.Random(1)
    text = "I can't believe it, Anna called at 8!"
    for _ in range(20):
        heard = recognized(text, rng)
        assert heard == heard.lower()
        assert not re.search(r"[.,!?;:]", heard)
        assert {"believe", "anna", "called", "8"} <= set(heard.split())


def test_stumbling_keeps_the_words_in_order():
    rng = random.Random(2)
    words = "Yesterday we walked along the river with her dog".lower().split()
    heard = [stumbling("Yesterday we walked along the river with her dog.", rng) for _ in range(50)]
    assert len(set(heard)) > 5
    for text in heard:
        spoken = iter(re.sub(r"[^\w ]", "", text.lower()).split())
        assert all(word in spoken for word in words)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("i dont know what im doing", "I don't know what I'm doing."),
        ("it’s over !  we won", "It's over! We won."),
        ("too short", None),
        ("Look at https://example.org now", None),
        ("I was, um, so happy today", None),
        ("I AM SO ANGRY RIGHT NOW", None),
        ("Such a good day :)", None),
    ],
)
def test_tidy(raw, expected):
    assert tidy(raw) == expected


def test_tidy_fills_placeholders_with_different_names():
    text = tidy("[NAME] told [NAME] that she was [RELIGION]")
    assert "[" not in text
    first, second = text.split()[0], text.split()[2]
    assert first != second
    assert text == tidy("[NAME] told [NAME] that she was [RELIGION]")


def test_held_out_composites_are_fixed_and_hold_one_to_three_feelings(corpora):
    pool = Pool()
    for i in range(30):
        pool.add(Sentence(f"Thing number {i} happened.", ("neutral",), 1))
        pool.add(Sentence(f"I loved number {i}.", ("love",), 1))
    examples = held_out(pool, 40, 3)
    assert examples == held_out(pool, 40, 3)
    assert all(e.source.startswith("summarize 3: ") for e in examples)
    assert {sum(e.chosen) for e in examples} == {1, 2, 3}
    hinted = held_out(pool, 40, None)
    assert all(e.source.startswith(f"summarize {sum(e.chosen)}: ") for e in hinted)


def test_selection_tells_right_from_wrong_choices():
    pool = Pool()
    for i in range(30):
        pool.add(Sentence(f"Thing number {i} happened here.", ("neutral",), 1))
        pool.add(Sentence(f"I loved number {i} so much.", ("love",), 1))
    examples = held_out(pool, 20, None)
    perfect = Selection.of(examples, [e.target for e in examples])
    assert (perfect.f1, perfect.faithfulness, perfect.clean) == (1.0, 1.0, 1.0)
    wrong = [
        " ".join(t for t, c in zip(e.sentences, e.chosen, strict=True) if not c) for e in examples
    ]
    assert Selection.of(examples, wrong).f1 == 0.0
    everything = Selection.of(examples, [" ".join(e.sentences) for e in examples])
    assert everything.recall == 1.0
    assert everything.precision < 0.6


def test_faithful_share_counts_words_of_the_summary():
    assert faithful_share("I cried a lot.", "i cried today") == 0.5
    assert faithful_share("", "i cried") == 0.0


@pytest.mark.parametrize(
    ("summary", "clean"),
    [
        ("I cried. Then we laughed!", True),
        ("I know that that hurt.", True),
        ("i cried.", False),
        ("I cried", False),
        ("I, um, cried.", False),
        ("I was was sad.", False),
        ("", False),
    ],
)
def test_is_clean(summary, clean):
    assert is_clean(summary) is clean
