from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.text import boundaries, sentences
from runners.text.sentences import (
    MAX_SENTENCE_WIDTH,
    WINDOW_CHARACTERS,
    split_sentences,
    token_upper_bound,
)
from tests.unit.sentence_cases import cases


def test_there_are_many_cases():
    assert len(cases()) >= 180


@pytest.mark.parametrize(("entry", "expected"), cases())
def test_sentences_end_where_a_reader_would_end_them(entry, expected):
    assert [sentence.text for sentence in split_sentences(entry)] == expected


@pytest.mark.parametrize("entry", ["  \n ", ""])
def test_a_blank_entry_has_no_sentences(entry):
    assert split_sentences(entry) == []


def test_text_with_punctuation_is_not_split_into_clauses():
    entry = (
        "I went to the library and I returned the book, and then I was really scared because the "
        "doctor called me"
    )
    assert [sentence.text for sentence in split_sentences(entry)] == [entry]


def test_run_on_text_is_split_between_words():
    run_on = "and then we went on " * 100
    assert all(
        sentence.text.startswith(("and", "then", "we", "went", "on"))
        for sentence in split_sentences(run_on)
    )


@given(st.text(alphabet=st.sampled_from("aB .!?…\n\r\"'()😀é。\t1:;<3-*한❤️"), max_size=1500))
def test_sentences_contain_all_text_and_match_their_spans(entry):
    found = split_sentences(entry)
    assert "".join("".join(s.text.split()) for s in found) == "".join(entry.split())
    for sentence in found:
        assert entry[sentence.start : sentence.end] == sentence.text == sentence.text.strip()
        assert 0 < len(sentence.text) <= MAX_SENTENCE_WIDTH
        assert token_upper_bound(sentence.text) <= MAX_SENTENCE_WIDTH


FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize("symbol", ["😭", FAMILY, "🇩🇪", "👍🏽", "1️⃣"])
def test_a_run_of_emoji_is_split_between_emoji(symbol):
    found = split_sentences(symbol * 200)
    assert "".join(sentence.text for sentence in found) == symbol * 200
    assert all(
        sentence.text.count(symbol) * len(symbol) == len(sentence.text) for sentence in found
    )


UNITS = (
    "'„'“‹'", "i ", "我。", "我", "😀", "\n", "a\n", "A\n", "(", "(a ", ". ", ".", "'", '"', "I. ",
    "a.", "! ", "- ", "[", "1. ", "1) a ", "«", "*", "<", "&", "etc. And ", " ", ":) ", ":",
    ": - a ",
    "한", "aaaa, ", "and i ", "e\u0301", "\r\n", "_", "^", "x", ". 😀", "“a” ",
    "\u2028", "he said ",
)  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_the_time_is_linear_in_the_length(monkeypatch, unit):
    """Counts the characters that `sentencex` gets, in windows of bounded length."""
    seen: list[int] = []
    original = boundaries.sentence_starts

    def counted(text):
        seen.append(len(text))
        return original(text)

    monkeypatch.setattr(sentences, "sentence_starts", counted)
    for length in (10_000, 20_000):
        seen.clear()
        split_sentences((unit * length)[:length])
        assert max(seen, default=0) <= WINDOW_CHARACTERS
        assert sum(seen) <= 2 * length + WINDOW_CHARACTERS


def test_windows_do_not_change_sentences():
    entry = " ".join(f"He hurt me on day {i}. I hate him." for i in range(200))
    assert len(entry) > 3 * WINDOW_CHARACTERS
    found = split_sentences(entry)
    assert {sentence.text.split(".")[0].rstrip("0123456789 ") for sentence in found} == {
        "He hurt me on day", "I hate him",
    }  # fmt: skip
    assert len(split_sentences(entry)) == 400
