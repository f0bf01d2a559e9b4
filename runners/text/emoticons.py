"""Where emoji and emoticons stand in a text.

An emoji is a whole sequence: with its skin tone, its variation selector, its joined parts, its flag
letters or its keycap. Emoticons are those in common use, where they stand alone: the ":/" of a
URL and the ":3" of a time are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_BASE: Final = (
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe"
    "\u2600-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
)
_MODIFIERS: Final = "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]*"
EMOJI_PATTERN: Final = (
    rf"(?:[#*0-9]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{{1,2}}"
    rf"|{_BASE}{_MODIFIERS}[\U000e0020-\U000e007f]*(?:\u200d{_BASE}{_MODIFIERS})*)"
)
EMOTICON_PATTERN: Final = r"""
(?: (?<![^\s.,!?…)"'’”]) (?:
    [>}]? [:;=] ['’]? [-^]? (?: \)+ | \(+ | \]+ | \[+ | \}+ | \{+ | D+ | [PpOo0Xx*$@3cC|/\\] )
  | \(+ [-^]? ['’]? [:;=] (?![\w)(])                   # (:
  | D [-']? [:;=] (?![\w/]) | <3+ | <[/\\]3+ | [xX]+D+ | [xX]P
  | \^ [_.-]? \^ | [oO0] [_.] [oO0] | - [_.]+ - | [TQ] [_.] [TQ] | ; _+ ; | > [_.] < | \._+\. | u_u
  | \\ [oO] / | \\m/ | ¯\\_?\(ツ\)_?/¯ | ಠ_ಠ
) (?![\w/\\]) )
"""
EMOTICON: Final = re.compile(EMOTICON_PATTERN, re.VERBOSE)
EMOJI: Final = re.compile(EMOJI_PATTERN)
SYMBOL_PATTERN: Final = rf"(?:{EMOJI_PATTERN}|{EMOTICON_PATTERN})"
SYMBOL: Final = re.compile(SYMBOL_PATTERN.replace("[#*0-9]", r"[\#*0-9]"), re.VERBOSE)
# Most texts hold no symbol, and this is found out faster than with all of the above.
# One set of rare characters first: `re` finds it several times faster than alternatives.
_HINT: Final = re.compile(
    r"""
    [\u203c-\U0010ffff¯ಠ_^\\:;=(DP<>.-]
    (?: (?<=[\u203c-\U0010ffff¯ಠ_^\\]) | (?<=[:;=])['’]?[-^]?[()\[\]{}DPpOo0Xx*$@3cC|/\\] | (?<=;);
      | (?<=[(D])[-'^]*[:;=] | (?<=<)[3/\\] | (?<=[xX][DP]) | (?<=-)[.-] | (?<=>)\.
      | (?<=T\.)T | (?<=Q\.)Q | (?<=[oO0]\.)[oO0] )
    """,
    re.VERBOSE,
)


def may_hold_symbols(text: str) -> bool:
    """Whether it is worth looking for symbols in `text`."""
    return _HINT.search(text) is not None


def symbols_in(text: str) -> Iterator[re.Match[str]]:
    """The emoji and emoticons of `text` in order."""
    return SYMBOL.finditer(text) if may_hold_symbols(text) else iter(())
