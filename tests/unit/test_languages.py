"""Languages in the ways in which clients write them."""

from __future__ import annotations

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES
from pydantic_core import PydanticCustomError

from samo import languages


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("en", "en"), ("en-US", "en"), ("EN", "en"), ("en_GB", "en"), (" en ", "en"),
        ("en_US.UTF-8", "en"), ("ca_ES@valencia", "ca"), ("en-US-x-twain", "en"),
        ("pt-BR", "pt"), ("zh-CN", "zh"), ("zh-TW", "zh"), ("zh-Hans-CN", "zh"), ("cmn", "zh"),
        ("zh-yue", "yue"), ("zh-yue-HK", "yue"), ("yue-Hant", "yue"),
        ("iw", "he"), ("iw-IL", "he"), ("in", "id"), ("ji", "yi"), ("mo", "ro"), ("fil", "tl"),
        ("nb", "no"), ("nb-NO", "no"), ("nn", "nn"), ("jv", "jw"), ("jw", "jw"),
        ("eng", "en"), ("deu", "de"), ("ger", "de"), ("fra", "fr"), ("fre", "fr"), ("haw", "haw"),
        ("English", "en"), ("english", "en"), ("ENGLISH", "en"), ("español", "es"),
        ("espan\u0303ol", "es"), ("Espanol", "es"), ("Français", "fr"), ("日本語", "ja"),
        ("हिन्दी", "hi"), ("Haitian Creole", "ht"), ("Portuguese (Brazil)", "pt"),
        ("norwegian_nynorsk", "nn"), ("简体中文", "zh"), ("繁體中文", "zh"), ("Kreyòl", "ht"),
        ("en\u2011US", "en"), ("pt\u2013BR", "pt"),
    ],
)  # fmt: skip
def test_a_language_is_found(given, code):
    assert languages.to_code(given) == code


@pytest.mark.parametrize("given", ["", "  ", "auto", "AUTO", "null", "None", "und", "detect"])
def test_no_language_is_to_be_recognized(given):
    assert languages.to_code(given) is None


@pytest.mark.parametrize(
    "given",
    ["xx", "jp", "kr", "cn", "xx-US", "e", "-en", "en-", "en--US", "12", "*", "en;q=1", "en,de",
     "english-US", "klingon", "C", "\x00", "e" * 10_000, "(en)", "en\u200b-US\u200b!"],
)  # fmt: skip
def test_what_names_no_language_is_refused_with_the_choices(given):
    with pytest.raises(PydanticCustomError, match="ISO 639-1") as refused:
        languages.to_code(given)
    assert "en" in (refused.value.context or {})["valid"]


def test_the_languages_are_whispers():
    assert set(languages.CODES) == set(_LANGUAGE_CODES)


def test_no_name_is_two_languages():
    owners: dict[str, str] = {}
    for row in languages._ROWS:
        for name in row:
            assert owners.setdefault(languages._fold(name), row[0]) == row[0]
