from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.text.emoji import MAX_REPEATED_EMOJI, spell_emoji
from runners.text.emoji_words import EMOJI_WORDS
from runners.text.emoticons import SYMBOL, symbols_in


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("so happy😀", "so happy so happy"),
        ("I ❤️ you", "I love you"),
        ("I ❤ you", "I love you"),
        ("👍🏽 ok", "good, I approve ok"),
        ("🙏🏿", "thank you"),
        ("👨‍👩‍👧 home", "man woman girl home"),
        ("🤷‍♀️", "I don't know, confused"),
        ("🤦🏾‍♂️", "facepalm, embarrassing"),
        ("😮‍💨", "sigh of relief"),
        ("❤️‍🔥", "burning love"),
        ("👩🏾‍❤️‍👨🏻", "a couple in love"),
        ("👨‍❤️‍💋‍👨", "a kiss"),
        ("😭😭", "sobbing, in tears sobbing, in tears"),
        ("⠀⠛⣿ art", "art"),
        ("🇩🇪 trip", "trip"),
        ("1️⃣ tea", "1 tea"),
        ("🌹", "rose"),
        ("home :)", "home happy"),
        ("home :-)))", "home happy"),
        ("sad :(", "sad feeling sad"),
        (":'(", "sad, in tears"),
        ("</3 and <3", "heartbroken and love"),
        ("xD", "haha"),
        ("ok ;-)", "ok wink"),
        ("T_T", "sad, in tears"),
        ("(: hi", "happy hi"),
        (">:(", "so angry"),
        ("¯\\_(ツ)_/¯", "I don't know, confused"),
        ("yes \\o/", "yes hooray"),
    ],
)
def test_emoji_become_words(text, words):
    assert spell_emoji(text)[0].split() == words.split()


@pytest.mark.parametrize(
    "text",
    [
        "plain", "naïve – “q”", "我很高兴。", "20 € × 2 < 3", "", "नमस्ते", "http://a.b/c", "at 7:30",
        "Mood: Dark", "a:b", "xDrive", "C:\\dir", "1:3", "if a<3b", "(a)", "note: (yes)", "8)", "^",
        "(see :below)", "TeX", "Re:Plan", "size: D", "O.K.",
    ],
)  # fmt: skip
def test_other_text_is_unchanged(text):
    spelled, offsets = spell_emoji(text)
    assert spelled == text
    assert list(offsets) == list(range(len(text)))


def test_offsets_are_the_positions_in_the_text():
    text = "a😀b"
    spelled, offsets = spell_emoji(text)
    assert len(spelled) == len(offsets)
    assert [text[index] for index in offsets] == ["a", *"😀" * len(" so happy "), "b"]


@given(st.text(alphabet=st.sampled_from("ab :;()D<3😀❤️🏽‍♂🇩🇪1\u20e3_^-'\\/xT."), max_size=60))
def test_offsets_are_sorted_and_all_symbols_are_found(text):
    spelled, offsets = spell_emoji(text)
    assert len(spelled) == len(offsets)
    assert list(offsets) == sorted(offsets)
    assert [m.span() for m in symbols_in(text)] == [m.span() for m in SYMBOL.finditer(text)]


def test_the_most_used_emoji_have_english_words():
    assert len(EMOJI_WORDS) >= 150
    assert all(words.isascii() and len(words.split()) <= 6 for words in EMOJI_WORDS.values())
    for symbol in EMOJI_WORDS:
        assert SYMBOL.fullmatch(symbol), symbol


@pytest.mark.parametrize("unit", ["😭", ":) ", "👩‍👩‍👧", ":", "<", "x", "D", "^", "é"])
def test_the_length_is_linear_in_the_text(unit):
    short, long = (len(spell_emoji(unit * number)[0]) for number in (1000, 2000))
    assert long <= 2 * short


@pytest.mark.parametrize("symbol", ["😀", "❤️", "👩‍❤️‍👩", "🗿"])
def test_more_of_the_same_emoji_adds_no_words(symbol):
    some, many = (
        spell_emoji("oh " + symbol * count)[0].split() for count in (MAX_REPEATED_EMOJI, 500)
    )
    assert len(some) > 1
    assert many == some


def test_emoji_between_other_emoji_are_all_spelled():
    words = spell_emoji("😀🗿" * 20)[0].split()
    assert len(words) >= 40
