from __future__ import annotations

import pytest

from samo.emoji import spell_emoji


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("so happy😀", "so happy grinning face"),
        ("I ❤️ you", "I heart you"),
        ("👍🏽 ok", "thumbs up ok"),
        ("👨‍👩‍👧 home", "man woman girl home"),
        ("🤷‍♀️", "shrug"),
        ("😭😭", "loudly crying face loudly crying face"),
        ("⠀⠛⣿ art", "art"),
        ("🇩🇪 trip", "trip"),
    ],
)
def test_emoji_become_words(text, words):
    assert spell_emoji(text)[0].split() == words.split()


@pytest.mark.parametrize("text", ["plain", "naïve – “q”", "我很高兴。", "20 € × 2 < 3", "", "नमस्ते"])
def test_what_is_no_emoji_stays(text):
    spelled, origins = spell_emoji(text)
    assert spelled == text
    assert list(origins) == list(range(len(text)))


def test_each_character_knows_where_it_came_from():
    text = "a😀b"
    spelled, origins = spell_emoji(text)
    assert len(spelled) == len(origins)
    assert [text[index] for index in origins] == ["a", *"😀" * len(" grinning face "), "b"]
