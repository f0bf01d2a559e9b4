"""Emoji by their Unicode names, for tokenizers that know words only.

BERT's vocabulary has next to no emoji, and its tokenizer does not part them from words: it reads
"so happy😀" as "so [UNK]", and the happiness is lost with the emoji. Written out, "so happy
grinning face", both are read.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from typing import Final

# Parts of a name that tell of the glyph, not of what it shows.
_GLYPH_WORDS: Final = frozenset({"black", "white", "heavy", "sign", "symbol", "suit"})
# Symbols that are parts of others or of drawings.
_WORDLESS: Final = ("BRAILLE ", "REGIONAL ", "BOX ", "BLOCK ", "EMOJI MODIFIER", "VARIATION ")
_WORDLESS_SYMBOLS: Final = frozenset("♀♂⚧\u200d\u20e3")


@functools.lru_cache(maxsize=1024)
def _spelled(symbol: str) -> str | None:
    """What a character is replaced with, None for one that stays."""
    name = unicodedata.name(symbol, "")
    if symbol in _WORDLESS_SYMBOLS or name.startswith(_WORDLESS):
        return " "
    if unicodedata.category(symbol) != "So" or not name:
        return None
    words = [word for word in name.lower().split() if word not in _GLYPH_WORDS]
    return f" {' '.join(words)} "


def spell_emoji(text: str) -> tuple[str, Sequence[int]]:
    """Write emoji out; also the index in `text` that each character of the result comes from.

    Skin tones, joiners and drawings in Braille become spaces; letters, digits and punctuation stay.
    """
    if text.isascii():
        return text, range(len(text))
    pieces: list[str] = []
    origins: list[int] = []
    for index, character in enumerate(text):
        spelled = None if character.isalnum() or character.isspace() else _spelled(character)
        piece = character if spelled is None else spelled
        pieces.append(piece)
        origins.extend([index] * len(piece))
    return "".join(pieces), origins
