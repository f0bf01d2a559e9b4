"""The examples are a pure function of seed and index, and teach what the summarizer has to do."""

import random
import re

import pytest

from runners.text.compare import normalized_words
from training.summarizer.composites import composites
from training.summarizer.disfluencies import add_disfluencies, to_raw_transcript
from training.summarizer.examples import BLOCK, PREFIX, Corpora, Curriculum, rewriting_example
from training.summarizer.metrics import SelectionScores, faithful_share, is_clean
from training.summarizer.sentences import LabelledSentence, Pool, normalize_sentence

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
            pool.add(LabelledSentence(text, ("neutral",), 1))
        for text, emotions in EMOTIONAL.items():
            pool.add(LabelledSentence(text, emotions, 1))
        pool.add(LabelledSentence("Well, that is something.", ("joy", "neutral"), 1))
        pools.append(pool)
    return Corpora(*pools)


def test_an_example_depends_only_on_seed_and_index(corpora):
    first, again = Curriculum(corpora, 20, seed=3), Curriculum(corpora, 20, seed=3)
    backwards = [again[index] for index in reversed(range(len(again)))]
    assert [first[index] for index in range(len(first))] == backwards[::-1]
    other = Curriculum(corpora, 20, seed=4)
    assert [first[i] for i in range(64)] != [other[i] for i in range(64)]


def test_words_come_first_and_the_run_ends(corpora):
    examples = Curriculum(corpora, 20, word_share=0.2)
    assert all(examples[i].source == PREFIX + examples[i].target for i in range(4 * BLOCK))
    rest = [examples[i] for i in range(4 * BLOCK, len(examples))]
    assert any(example.source != PREFIX + example.target for example in rest)
    with pytest.raises(IndexError):
        examples[len(examples)]


def test_targets_have_the_words_of_the_inputs(corpora):
    examples = Curriculum(corpora, 40, word_share=0.0)
    for index in range(len(examples)):
        example = examples[index]
        words = iter(normalized_words(example.source.removeprefix(PREFIX)))
        assert all(word in words for word in normalized_words(example.target))
        assert example.target[0].isupper()
        assert example.target[-1] in ".!?"


def test_a_clause_keeps_the_word_that_it_begins_with():
    examples = [rewriting_example(["Anna was sad."], random.Random(seed)) for seed in range(300)]
    opened = {example.target for example in examples} - {"Anna was sad."}
    assert "And then Anna was sad." in opened
    examples = [rewriting_example(["We were sad."], random.Random(seed)) for seed in range(300)]
    assert "But we were sad." in {example.target for example in examples}


def test_a_raw_transcript_has_neither_case_nor_punctuation_and_all_words():
    rng = random.Random(1)
    text = "I can't believe it, Anna called at 8!"
    for _ in range(20):
        transcript = to_raw_transcript(text, rng)
        assert transcript == transcript.lower()
        assert not re.search(r"[.,!?;:]", transcript)
        assert {"believe", "anna", "called", "8"} <= set(transcript.split())


def test_disfluencies_keep_the_words_in_order():
    rng = random.Random(2)
    words = "Yesterday we walked along the river with her dog".lower().split()
    sentence = "Yesterday we walked along the river with her dog."
    spoken_texts = [add_disfluencies(sentence, rng) for _ in range(50)]
    assert len(set(spoken_texts)) > 5
    for text in spoken_texts:
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
def test_normalize_sentence(raw, expected):
    assert normalize_sentence(raw) == expected


def test_normalization_fills_placeholders_with_different_names():
    text = normalize_sentence("[NAME] told [NAME] that she was [RELIGION]")
    assert text is not None
    assert "[" not in text
    first, second = text.split()[0], text.split()[2]
    assert first != second
    assert text == normalize_sentence("[NAME] told [NAME] that she was [RELIGION]")
    assert text is not None


@pytest.fixture(scope="module")
def pool():
    entries = Pool()
    for i in range(30):
        entries.add(LabelledSentence(f"Thing number {i} happened here.", ("neutral",), 1))
        entries.add(LabelledSentence(f"I loved number {i} so much.", ("love",), 1))
        entries.add(LabelledSentence(f"In doubt about {i}.", ("love", "neutral"), 1))
    return entries


def test_composites_are_reproducible_and_have_the_requested_comments(pool):
    entries = composites(pool, 60)
    assert entries == composites(pool, 60)
    assert entries != composites(pool, 60, seed=1)
    assert {sum(composite.is_emotional) for composite in entries} == {1, 2}
    assert {len(c.sentences) - sum(c.is_emotional) for c in entries} == {1, 2, 3, 4}
    for composite in entries:
        assert composite.entry == " ".join(composite.sentences)
        for sentence, chosen in zip(composite.sentences, composite.is_emotional, strict=True):
            assert chosen == sentence.startswith("I loved")
            assert not sentence.startswith("In doubt")


def test_spoken_composites_are_transcripts(pool):
    entries = composites(pool, 60, spoken=True)
    bare = [composite for composite in entries if composite.entry == composite.entry.lower()]
    assert 10 < len(bare) < 30
    assert all(composite.sentences[0][0].isupper() for composite in entries)


def test_selection_scores_distinguish_correct_from_wrong_selections(pool):
    entries = composites(pool, 20)
    right, wrong = (
        [
            " ".join(t for t, c in zip(e.sentences, e.is_emotional, strict=True) if c is kind)
            for e in entries
        ]
        for kind in (True, False)
    )
    perfect = SelectionScores.from_summaries(entries, right)
    assert (perfect.f1, perfect.faithfulness, perfect.clean) == (1.0, 1.0, 1.0)
    assert SelectionScores.from_summaries(entries, wrong).f1 == 0.0
    everything = SelectionScores.from_summaries(entries, [composite.entry for composite in entries])
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
