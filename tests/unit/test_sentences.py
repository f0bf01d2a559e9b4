from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samo.sentences import MAX_SENTENCE_CHARACTERS, split


@pytest.mark.parametrize(
    ("entry", "sentences"),
    [
        ("How are you?! I'm fine 😀. Ok then.", ["How are you?!", "I'm fine 😀.", "Ok then."]),
        ("I saw Dr. Smith at 3 p.m. today. He left... I cried.",
         ["I saw Dr. Smith at 3 p.m. today.", "He left...", "I cried."]),
        ('She said "I love you." Then she left.', ['She said "I love you."', "Then she left."]),
        ("Slept badly\nWorked late\n\nCried.", ["Slept badly", "Worked late", "Cried."]),
        ("no punctuation at all", ["no punctuation at all"]),
        (
            "um so i went to the library and i returned the book and then i was really scared "
            "because the doctor called me but it was nothing",
            [
                "um so i went to the library",
                "and i returned the book",
                "and then i was really scared because the doctor called me but it was nothing",
            ],
        ),
        (
            "I went to the library and I returned the book, and then I was really scared because "
            "the doctor called me",
            [
                "I went to the library and I returned the book, and then I was really scared "
                "because the doctor called me"
            ],
        ),
        ("我很高兴。今天天气好！", ["我很高兴。", "今天天气好！"]),
        ("  \n ", []),
        ("", []),
    ],
)  # fmt: skip
def test_splits_as_a_reader_would(entry, sentences):
    assert [sentence.text for sentence in split(entry)] == sentences


def test_cuts_a_ramble_between_words():
    ramble = "and then we went on " * 100
    assert all(
        sentence.text.startswith(("and", "then", "we", "went", "on")) for sentence in split(ramble)
    )


@given(st.text(alphabet=st.sampled_from("aB .!?…\n\"'()😀é。\t"), max_size=1500))
def test_loses_nothing_and_its_spans_are_true(entry):
    sentences = split(entry)
    assert "".join("".join(s.text.split()) for s in sentences) == "".join(entry.split())
    for sentence in sentences:
        assert entry[sentence.start : sentence.end] == sentence.text == sentence.text.strip()
        assert 0 < len(sentence.text) <= MAX_SENTENCE_CHARACTERS
