"""Emoji and emoticons in words, for tokenizers that know words only.

BERT's vocabulary has next to no emoji, and its tokenizer does not part them from words: it reads
"so happy😀" as "so [UNK]", and the happiness is lost with the emoji. The most used ones are read by
what people mean by them (`runners.text.emoji_words`), the others by their Unicode names.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from runners.text.emoji_words import EMOJI_WORDS, EMOTICON_FORMS
from runners.text.emoticons import symbols_in

# Parts of a name that tell of the glyph, not of what it shows.
_GLYPH_WORDS: Final = frozenset({"black", "white", "heavy", "sign", "symbol", "suit"})
# Symbols that are parts of others or of drawings.
_WORDLESS: Final = (
    "BRAILLE ",
    "REGIONAL ",
    "BOX ",
    "BLOCK ",
    "EMOJI MODIFIER",
    "VARIATION ",
    "TAG ",
)
_WORDLESS_SYMBOLS: Final = frozenset("♀♂⚧\u200d\u20e3")
_PLAIN: Final = str.maketrans(
    "", "", "\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
)
# More words than this tell nothing of a symbol.
_MAX_NAME_WORDS: Final = 8


@functools.lru_cache(maxsize=1024)
def _named(symbol: str) -> str | None:
    """What a character is replaced with, None for one that stays."""
    name = unicodedata.name(symbol, "")
    if symbol in _WORDLESS_SYMBOLS or name.startswith(_WORDLESS):
        return " "
    if unicodedata.category(symbol) != "So" or not name:
        return None
    words = [word for word in name.lower().split() if word not in _GLYPH_WORDS]
    return f" {' '.join(words[:_MAX_NAME_WORDS])} "


@functools.lru_cache(maxsize=1024)
def _meant(symbol: str) -> str | None:
    """What people mean by an emoji sequence or an emoticon, None where it is not listed."""
    plain = symbol.translate(_PLAIN)
    words = EMOJI_WORDS.get(plain)
    if words is None and "\u200d❤\u200d" in plain:  # a woman, a heart, a man
        words = EMOJI_WORDS["💏" if "💋" in plain else "💑"]
    if (words is None and plain.isascii()) or plain.startswith("¯"):
        words = next((words for form, words in EMOTICON_FORMS if re.fullmatch(form, plain)), None)
    return None if words is None else f" {words} "


def spell_emoji(text: str) -> tuple[str, Sequence[int]]:
    """Write emoji and emoticons out; also where in `text` each character of the result comes from.

    Skin tones, joiners and drawings in Braille become spaces; letters, digits and punctuation stay.
    """
    pieces: list[str] = []
    origins: list[int] = []
    position = 0
    for match in symbols_in(text):
        meant = _meant(match[0])
        if meant is None:
            continue
        _spell_names(text, position, match.start(), pieces, origins)
        pieces.append(meant)
        origins.extend([match.start()] * len(meant))
        position = match.end()
    if not position and text.isascii():
        return text, range(len(text))
    _spell_names(text, position, len(text), pieces, origins)
    return "".join(pieces), origins


def _spell_names(text: str, start: int, end: int, pieces: list[str], origins: list[int]) -> None:
    """Append `text[start:end]` with the other symbols by their names."""
    for index in range(start, end):
        character = text[index]
        named = None if character.isalnum() or character.isspace() else _named(character)
        piece = character if named is None else named
        pieces.append(piece)
        origins.extend([index] * len(piece))
