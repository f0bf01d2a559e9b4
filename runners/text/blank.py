"""Decide whether a text shows anything: white space is not the only invisible text."""

from __future__ import annotations

import unicodedata
from typing import Final

# White space, line breaks, control and format characters (zero-width spaces, byte order marks, soft
# hyphens, directional marks), and combining marks, which need a character to combine with. Code
# points that Python's Unicode does not know yet (Cn) may be new emoji.
_INVISIBLE_CATEGORIES: Final = frozenset(("Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Mc", "Me"))
# Letters and symbols that are drawn as nothing: Hangul fillers, the empty braille pattern, and the
# place of an object that was not copied along with its text.
_BLANK_SYMBOLS: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\ufffc")


def is_blank(text: str) -> bool:
    """Whether `text` has no visible character."""
    return all(
        unicodedata.category(character) in _INVISIBLE_CATEGORIES or character in _BLANK_SYMBOLS
        for character in text
    )
