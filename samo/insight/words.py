"""Divide a text into words, with their character offsets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

from tokenizers import Regex, pre_tokenizers

from runners.text.blank import is_blank

# Unicode's word boundaries (UAX #29), which Oniguruma matches with `\X` in word mode: "don't" is
# one word, and so are an emoji of a family and a Chinese character. Emoticons and runs of
# punctuation are kept together in addition, because they express an emotion only together: "!!!",
# ":-)", ":D", "<3". A punctuation character with a combining mark belongs to its emoji ("#️⃣").
_SEGMENTS: Final = pre_tokenizers.Split(
    Regex(
        r"<[/\\]?3+(?!\w)"
        r"|[:;=][-^']?[DPpOo3](?!\w)"
        r"|(?:[\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}\p{Sm}\p{Sc}\p{Sk}](?!\p{M}))+"
        r"|(?y{w}:\X)"
    ),
    "isolated",
)


@dataclass(frozen=True, slots=True)
class TextWord:
    """A word and its offsets: `text == source[start:end]`, in Unicode code points."""

    text: str
    start: int
    end: int

    def shifted(self, offset: int) -> Self:
        """The same word in a text in which the source begins at `offset`."""
        return replace(self, start=self.start + offset, end=self.end + offset)


def count_words(text: str) -> int:
    """Number of words between white space; a run of punctuation or emoji is none."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def split_words(text: str) -> list[TextWord]:
    """Words, emoji and runs of punctuation of `text` in order, without white space."""
    return [
        TextWord(segment, start, end)
        for segment, (start, end) in _SEGMENTS.pre_tokenize_str(text)
        if not is_blank(segment)
    ]
