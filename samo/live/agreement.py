"""LocalAgreement-2: which part of a growing transcript is stable.

Whisper reads a turn again and again while it is spoken, and the end of its text changes from time
to time. The words on which two consecutive drafts agree are stable (Liu et al., 2020; applied to
Whisper by Macháček et al., 2023). Of the published policies it is the only one that needs neither a
model trained for it nor a threshold, and it bounds the delay by two drafts. Here the words of the
last two seconds wait too: two drafts of a few words often agree on the same mistake.

https://www.isca-archive.org/interspeech_2020/liu20s_interspeech.html
https://aclanthology.org/2023.ijcnlp-demo.3/
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HELD_SECONDS: Final = 2.0
"""A word of a draft is stable only if the draft has read so much after it."""

_WORD: Final = re.compile(r"\S+")
_EDGES: Final = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as it is compared, and where its letters end in the text."""

    key: str
    end: int


def _words(text: str) -> list[_Word]:
    """The words of a text; punctuation on its own is none."""
    words = []
    for match in _WORD.finditer(text):
        key = _EDGES.sub("", match[0])
        if key:
            words.append(_Word(key.casefold(), match.start() + match[0].rindex(key) + len(key)))
    return words


def extend_stable(stable: str, before: str, draft: str, *, seconds: float) -> str:
    """The stable text after a new draft; it begins with `stable`.

    Args:
        stable: what is stable already. Drafts that do not begin with it change nothing.
        before: the draft before, "" if there is none.
        draft: the new draft.
        seconds: how much audio it has read. The words of the last `HELD_SECONDS` wait, as if all
            words took the same time: Whisper errs where it does not know what follows.

    Returns:
        `draft` up to the last word on which both agree, without the punctuation after that word,
        which depends on what follows.
    """
    if not draft.startswith(stable) or not before.startswith(stable):
        return stable
    old, new = _words(before[len(stable) :]), _words(draft[len(stable) :])
    held = math.ceil(len(_words(draft)) * min(1.0, HELD_SECONDS / seconds))
    new = new[: max(0, len(new) - held)]
    agreed = 0
    while agreed < min(len(old), len(new)) and old[agreed].key == new[agreed].key:
        agreed += 1
    return draft[: len(stable) + new[agreed - 1].end] if agreed else stable


def complete(stable: str, final: str) -> str:
    """The final text of a turn: `stable`, then what `final` has after the same words.

    The final transcript is made with more care than the drafts and may have other words where the
    stable text already has some; these are kept as they are, because a reader has seen them.
    """
    if not stable or final.startswith(stable):
        return final
    rest = final[_same_part(_words(stable), _words(final)) :]
    if rest and rest[0].isalnum():
        rest = f" {rest}"
    return (stable + rest).rstrip()


def _same_part(stable: Sequence[_Word], final: Sequence[_Word]) -> int:
    """The index at which the words of the final text end that are most like the stable words."""
    same = 0
    while same < min(len(stable), len(final)) and stable[same].key == final[same].key:
        same += 1
    rest = final[same:]
    spoken = "".join(word.key for word in stable[same:])
    distances = _distances(spoken, "".join(word.key for word in rest))
    best, end, length = distances[0], final[same - 1].end if same else 0, 0
    for word in rest:
        length += len(word.key)
        if distances[length] <= best:
            best, end = distances[length], word.end
    return end


def _distances(text: str, other: str) -> list[int]:
    """The edit distance of `text` to each beginning of `other`, of 0 to all characters."""
    row = list(range(len(other) + 1))
    for number, character in enumerate(text, 1):
        before, row[0] = row[0], number
        for column, candidate in enumerate(other, 1):
            before, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, before + (character != candidate)),
            )
    return row
