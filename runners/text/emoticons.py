"""Find emoji and emoticons in a text.

An emoji is an entire sequence: with its skin tone, variation selector, joined parts, flag letters
or keycap. Emoticons are the common ones, and only if they are separate from words: the ":/" of a
URL and the ":3" of a time are not emoticons.
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
# Most texts contain no symbol; this pattern finds that out several times faster than `SYMBOL`. It
# starts with one set of rare characters, which `re` searches faster than alternatives.
_HINT: Final = re.compile(
    r"""
    [\u203c-\U0010ffff¯ಠ_^\\:;=(DP<>.-]
    (?: (?<=[\u203c-\U0010ffff¯ಠ_^\\]) | (?<=[:;=])['’]?[-^]?[()\[\]{}DPpOo0Xx*$@3cC|/\\] | (?<=;);
      | (?<=[(D])[-'^]*[:;=] | (?<=<)[3/\\] | (?<=[xX][DP]) | (?<=-)[.-] | (?<=>)\.
      | (?<=T\.)T | (?<=Q\.)Q | (?<=[oO0]\.)[oO0] )
    """,
    re.VERBOSE,
)


def may_contain_symbols(text: str) -> bool:
    """Whether `text` may contain symbols; False only if it contains none."""
    return _HINT.search(text) is not None


def symbols_in(text: str) -> Iterator[re.Match[str]]:
    """Matches of the emoji and emoticons in `text`, in order."""
    return SYMBOL.finditer(text) if may_contain_symbols(text) else iter(())
