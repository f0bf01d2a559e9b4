"""Find texts that are the same, or nearly the same, as others."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

SHINGLE_WORDS: Final = 3
# Texts with at least this many shingles are near-duplicates if they share `MIN_SHARED` of those of
# the shorter one; shorter texts only if all their words are the same.
MIN_SHINGLES: Final = 4
MIN_SHARED: Final = 0.8


def normalize(text: str) -> str:
    """The words of a text in lower case, without punctuation."""
    return " ".join(re.findall(r"\w+", text.casefold()))


class TextIndex:
    """Texts by their words and by their shingles, runs of three words."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._words: dict[str, int] = {}
        self._by_shingle: dict[str, list[int]] = defaultdict(list)
        self._sizes: list[int] = []
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Add a text; its index is the number of texts before it."""
        words = normalize(text)
        index = len(self._sizes)
        self._words.setdefault(words, index)
        shingles = _shingles(words)
        self._sizes.append(len(shingles))
        if len(shingles) >= MIN_SHINGLES:
            for shingle in shingles:
                self._by_shingle[shingle].append(index)

    def find(self, text: str) -> int | None:
        """The index of a text that is the same or nearly the same; None if there is none."""
        words = normalize(text)
        if words in self._words:
            return self._words[words]
        shingles = _shingles(words)
        if len(shingles) < MIN_SHINGLES:
            return None
        shared = Counter(
            index for shingle in shingles for index in self._by_shingle.get(shingle, ())
        )
        for index, count in shared.most_common(1):
            if count >= MIN_SHARED * min(len(shingles), self._sizes[index]):
                return index
        return None


def _shingles(words: str) -> set[str]:
    parts: Sequence[str] = words.split()
    return {
        " ".join(parts[start : start + SHINGLE_WORDS])
        for start in range(len(parts) - SHINGLE_WORDS + 1)
    }
