"""Clean sentences for a summary: remove disfluencies, normalize quotes, join sentences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from runners.text.emoticons import SYMBOL

_QUOTES: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})
_HESITATION: Final = re.compile(r"(?:(?<=\W)|^)(?:u[mh]+|erm?|hm+)\b[,.]*\s*", re.IGNORECASE)
# Between commas these words are fillers; elsewhere they may be a sentence's verb.
_FILLER: Final = re.compile(r",\s*(?:like|you know|i mean),\s*", re.IGNORECASE)
_OPENING: Final = re.compile(r"^(?:(?:so|well|like|you know|i mean|okay|ok),\s*)+", re.IGNORECASE)
_REPETITION: Final = re.compile(r"\b(\w+(?:['’]\w+)?)(?:,?\s+\1\b(?!\s+know\b))+", re.IGNORECASE)
# Words that may be repeated on purpose: "I had had enough", "so, so happy".
_REPEATABLE: Final = frozenset(
    ["that", "had", "so", "very", "really", "no", "yes", "ha", "bye", "is", "do", "many", "much"]
)
_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")
_LOWERCASE_I: Final = re.compile(r"\bi\b(?=$|[\s,.!?;:]|['’](?:m|ve|d|ll)\b)")
_LINK_END: Final = re.compile(r"(?:https?://|www\.)\S+$|\S@\S+\.\w+$|[#@]\w+$")
_UNWRITABLE: Final = re.compile(
    r"\b[a-z]+[A-Z]|https?://|www\.|\w@\w|[#@]\w|\b[a-z]\.[a-z]|[^\x00-\u024f\u2010-\u2026]"
)
# Scripts whose sentences end with a full stop.
_FULL_STOP_SCRIPTS: Final = ("LATIN", "CYRILLIC", "GREEK")


def straight_quotes(text: str) -> str:
    """Return `text` with straight quotes and apostrophes, and without non-breaking spaces."""
    return text.translate(_QUOTES)


def normalize_quotes(text: str) -> str:
    """Return `text` with straight quotes and single spaces."""
    return " ".join(straight_quotes(text).split())


def remove_disfluencies(sentence: str) -> str:
    """Return `sentence` without hesitations, fillers and repeated words, capitalized and ended.

    Words are only removed, and changed in nothing but the case of the first word and of "I".
    Punctuation is kept; a full stop is added after a letter or a digit. The result is empty if the
    sentence consists of disfluencies.
    """
    text = " ".join(sentence.split())
    fluent = _HESITATION.sub("", text)
    fluent = _OPENING.sub("", _FILLER.sub(" ", fluent))
    fluent = _REPETITION.sub(_without_repetition, fluent)
    if fluent != text:
        text = re.sub(r"\s+([,.])(?=\s|$)", r"\1", fluent).strip(" ,;")
        if not any(character.isalnum() for character in text) and not SYMBOL.search(text):
            return ""
    text = _LOWERCASE_I.sub("I", text)
    if not ends_with_punctuation(text):
        text += "."
    first = text.split(maxsplit=1)[0] if text else ""
    if first.rstrip(",.!?;:").replace("'", "").replace("’", "").isalpha() and first.islower():
        text = text[0].upper() + text[1:]
    return text


def with_case_of(sentence: str, rewritten: str) -> str:
    """Return `rewritten` with the words of `sentence` in the same case as there.

    The first word of each sentence of `rewritten` stays as it is.
    """
    words = _WORD.findall(sentence)
    forms = {word.lower(): word for word in words}

    def restored(match: re.Match[str]) -> str:
        before = rewritten[: match.start()].rstrip("\"'“‘([ ")
        is_first = not before or before[-1] in ".!?…:-–—"
        return match[0] if is_first or match[0] in words else forms.get(match[0].lower(), match[0])

    return _WORD.sub(restored, rewritten)


def ends_with_punctuation(text: str) -> bool:
    """Whether `text` needs no full stop: it ends with punctuation, an emoji, an emoticon or a URL.

    A text in a script without full stops needs none either.
    """
    bare = text.rstrip("\"'”’»)]}")
    if not bare or not bare[-1].isalnum() or _LINK_END.search(bare):
        return True
    if any(match.end() == len(text) for match in SYMBOL.finditer(text, max(0, len(text) - 12))):
        return True
    return not (bare[-1].isascii() or unicodedata.name(bare[-1], "").startswith(_FULL_STOP_SCRIPTS))


def has_unwritable_tokens(sentence: str) -> bool:
    """Whether `sentence` contains what the T5 cannot write: emoji, URLs, names like "iPhone"."""
    return SYMBOL.search(sentence) is not None or _UNWRITABLE.search(sentence) is not None


def join_sentences(sentences: Iterable[str]) -> str:
    """Join sentences by spaces, or without them in scripts that use none."""
    text = ""
    for sentence in sentences:
        is_spaced = text and unicodedata.east_asian_width(text[-1]) not in "WF"
        text += f" {sentence}" if is_spaced or SYMBOL.search(text[-3:]) else sentence
    return text


def _without_repetition(repetition: re.Match[str]) -> str:
    return repetition[0] if repetition[1].lower() in _REPEATABLE else repetition[1]
