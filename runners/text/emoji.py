"""Replace emoji and emoticons by words, for tokenizers whose vocabulary has no emoji.

BERT's vocabulary has almost no emoji, and its tokenizer does not separate them from words: it turns
"so happy😀" into "so [UNK]" and loses both the emoji and the word. The most used emoji are replaced
by their meaning (`runners.text.emoji_words`), the others by their Unicode names.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from runners.text.emoji_words import EMOJI_WORDS, EMOTICON_PATTERNS
from runners.text.emoticons import symbols_in

# Words in Unicode names that describe the glyph and not its content.
_GLYPH_WORDS: Final = frozenset({"black", "white", "heavy", "sign", "symbol", "suit"})
# Names of symbols without a meaning: parts of other symbols or of drawings.
_WORDLESS_NAMES: Final = (
    "BRAILLE ",
    "REGIONAL ",
    "BOX ",
    "BLOCK ",
    "EMOJI MODIFIER",
    "VARIATION ",
    "TAG ",
)
_WORDLESS_SYMBOLS: Final = frozenset("♀♂⚧\u200d\u20e3")
_WITHOUT_MODIFIERS: Final = str.maketrans(
    "", "", "\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
)
# Further words of a Unicode name add nothing to its meaning.
_MAX_NAME_WORDS: Final = 8
# More of the same emoji in a row add nothing to the meaning, but a word each to the work.
MAX_REPEATED_EMOJI: Final = 8


@functools.lru_cache(maxsize=1024)
def _unicode_words(symbol: str) -> str | None:
    """Replacement for a character by its Unicode name; None for a character that is kept."""
    name = unicodedata.name(symbol, "")
    if symbol in _WORDLESS_SYMBOLS or name.startswith(_WORDLESS_NAMES):
        return " "
    if unicodedata.category(symbol) != "So" or not name:
        return None
    words = [word for word in name.lower().split() if word not in _GLYPH_WORDS]
    return f" {' '.join(words[:_MAX_NAME_WORDS])} "


@functools.lru_cache(maxsize=1024)
def _meaning_words(symbol: str) -> str | None:
    """Replacement for an emoji sequence or an emoticon by its meaning; None if it is not listed."""
    plain = symbol.translate(_WITHOUT_MODIFIERS)
    words = EMOJI_WORDS.get(plain)
    if words is None and "\u200d❤\u200d" in plain:  # two people and a heart between them
        words = EMOJI_WORDS["💏" if "💋" in plain else "💑"]
    if (words is None and plain.isascii()) or plain.startswith("¯"):
        words = next(
            (words for pattern, words in EMOTICON_PATTERNS if re.fullmatch(pattern, plain)), None
        )
    return None if words is None else f" {words} "


def spell_emoji(text: str) -> tuple[str, Sequence[int]]:
    """Replace emoji and emoticons by words.

    Skin tones, joiners and Braille patterns become spaces, and so does an emoji that follows
    `MAX_REPEATED_EMOJI` of the same; letters, digits and punctuation are kept.

    Returns:
        The resulting text, and for each of its characters the index in `text` that it comes from.

    """
    pieces: list[str] = []
    offsets: list[int] = []
    position = 0
    previous, repeated = "", 0
    for match in symbols_in(text):
        meaning = _meaning_words(match[0])
        if meaning is None:
            continue
        is_same = match[0] == previous and match.start() == position
        previous, repeated = match[0], repeated + 1 if is_same else 1
        if repeated > MAX_REPEATED_EMOJI:
            meaning = " "
        _spell_names(text, position, match.start(), pieces, offsets)
        pieces.append(meaning)
        offsets.extend([match.start()] * len(meaning))
        position = match.end()
    if not position and text.isascii():
        return text, range(len(text))
    _spell_names(text, position, len(text), pieces, offsets)
    return "".join(pieces), offsets


def _spell_names(text: str, start: int, end: int, pieces: list[str], offsets: list[int]) -> None:
    """Append `text[start:end]` with symbols replaced by their Unicode names."""
    previous, repeated = "", 0
    for index in range(start, end):
        character = text[index]
        repeated = repeated + 1 if character == previous else 1
        previous = character
        is_kept = character.isalnum() or character.isspace()
        words = None if is_kept else _unicode_words(character)
        if words is not None and repeated > MAX_REPEATED_EMOJI:
            words = " "
        piece = character if words is None else words
        pieces.append(piece)
        offsets.extend([index] * len(piece))
