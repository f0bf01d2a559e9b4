"""The lessons are a pure function of seed and index, and say what the summarizer has to learn."""

import random
import re

import pytest

from runners.text.compare import normalized_words
from training.summarizer.composites import composites
from training.summarizer.disfluencies import recognized, stumbling
from training.summarizer.examples import BLOCK, PREFIX, Corpora, Curriculum, rewriting
from training.summarizer.metrics import Selection, faithful_share, is_clean
from training.summarizer.sentences import Pool, Sentence, tidy

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


def test_words_come_first_and_lessons_end(corpora):
    lessons = Curriculum(corpora, 20, word_share=0.2)
    assert all(lessons[i].source == PREFIX + lessons[i].target for i in range(4 * BLOCK))
    rest = [lessons[i] for i in range(4 * BLOCK, len(lessons))]
    assert any(lesson.source != PREFIX + lesson.target for lesson in rest)
    with pytest.raises(IndexError):
        lessons[len(lessons)]


def test_targets_say_what_the_inputs_say(corpora):
    lessons = Curriculum(corpora, 40, word_share=0.0)
    for index in range(len(lessons)):
        lesson = lessons[index]
        said = iter(normalized_words(lesson.source.removeprefix(PREFIX)))
        assert all(word in said for word in normalized_words(lesson.target))
        assert lesson.target[0].isupper()
        assert lesson.target[-1] in ".!?"


def test_a_clause_keeps_the_word_that_it_begins_with():
    made = [rewriting(["Anna was sad."], random.Random(seed)) for seed in range(300)]
    opened = {lesson.target for lesson in made} - {"Anna was sad."}
    assert "And then Anna was sad." in opened
    made = [rewriting(["We were sad."], random.Random(seed)) for seed in range(300)]
    assert "But we were sad." in {lesson.target for lesson in made}


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
    assert text is not None
    assert "[" not in text
    first, second = text.split()[0], text.split()[2]
    assert first != second
    assert text == tidy("[NAME] told [NAME] that she was [RELIGION]")


@pytest.fixture(scope="module")
def pool():
    made = Pool()
    for i in range(30):
        made.add(Sentence(f"Thing number {i} happened here.", ("neutral",), 1))
        made.add(Sentence(f"I loved number {i} so much.", ("love",), 1))
        made.add(Sentence(f"In doubt about {i}.", ("love", "neutral"), 1))
    return made


def test_composites_are_fixed_and_hold_what_was_asked_for(pool):
    made = composites(pool, 60)
    assert made == composites(pool, 60)
    assert made != composites(pool, 60, seed=1)
    assert {sum(composite.chosen) for composite in made} == {1, 2}
    assert {len(c.sentences) - sum(c.chosen) for c in made} == {1, 2, 3, 4}
    for composite in made:
        assert composite.entry == " ".join(composite.sentences)
        for sentence, chosen in zip(composite.sentences, composite.chosen, strict=True):
            assert chosen == sentence.startswith("I loved")
            assert not sentence.startswith("In doubt")


def test_spoken_composites_look_heard(pool):
    made = composites(pool, 60, spoken=True)
    bare = [composite for composite in made if composite.entry == composite.entry.lower()]
    assert 10 < len(bare) < 30
    assert all(composite.sentences[0][0].isupper() for composite in made)


def test_selection_tells_right_from_wrong_choices(pool):
    made = composites(pool, 20)
    right, wrong = (
        [" ".join(t for t, c in zip(e.sentences, e.chosen, strict=True) if c is kind) for e in made]
        for kind in (True, False)
    )
    perfect = Selection.of(made, right)
    assert (perfect.f1, perfect.faithfulness, perfect.clean) == (1.0, 1.0, 1.0)
    assert Selection.of(made, wrong).f1 == 0.0
    everything = Selection.of(made, [composite.entry for composite in made])
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
