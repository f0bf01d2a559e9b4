"""Plain text work around the summarizer: clean up speech, compare a summary with its entry.

Nothing here knows a model. The same functions judge summaries when the model is trained.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

_QUOTES: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})
_HESITATION: Final = re.compile(r"(?:(?<=\W)|^)(?:u[mh]+|erm?|hm+)\b[,.]*\s*", re.IGNORECASE)
# Between commas these words say nothing; elsewhere they may be a sentence's verb.
_ASIDE: Final = re.compile(r",\s*(?:like|you know|i mean),\s*", re.IGNORECASE)
_OPENING: Final = re.compile(r"^(?:(?:so|well|like|you know|i mean|okay|ok),\s*)+", re.IGNORECASE)
_SAID_TWICE: Final = re.compile(r"\b(\w+(?:'\w+)?)(?:,?\s+\1\b(?!\s+know\b))+", re.IGNORECASE)
# "I had had enough", "so, so happy": English as it is.
_FINE_TWICE: Final = frozenset(
    ["that", "had", "so", "very", "really", "no", "yes", "ha", "bye", "is", "do", "many", "much"]
)
_LONE_I: Final = re.compile(r"\bi\b(?=$|[\s,.!?;:]|'(?:m|ve|d|ll)\b)")
_SUFFIX: Final = re.compile(r"(?:ying|ied|ies|ing|ed|es|ly|s|y|e)$")
_NEGATION: Final = re.compile(r"\b(?:no|not|never|nobody|nothing|none|neither|nor|cannot)\b|n'?t\b")
# Words that carry no content: a summary may put them in without inventing anything.
_FUNCTION: Final = """
a an the and or but so because then that this these those there here it its i me my mine we us our
you your he him his she her they them their who which what when where while as if than is am are
was were be been being do does did have has had will would can could may might to of in on at by
for from with about into over after before up down out off again very just also too all some any
"""
_FUNCTION_WORDS: Final = frozenset(_FUNCTION.split())
# Phatic words keep a talk going and tell nothing.
_PHATIC: Final = """
yes no yeah oh ok okay well please thank thanks much hello hi bye um uh er erm hm like
"""
_EMPTY_WORDS: Final = _FUNCTION_WORDS | frozenset(_PHATIC.split())
# What a speaker may be spared: hesitations, openings, asides.
_SPARED: Final = re.compile(
    r"(?:u[mh]+|erm?|hm+|like|you know|i mean|so|well|okay|ok)"
    r"(?: (?:u[mh]+|erm?|hm+|like|you know|i mean|so|well|okay|ok))*"
)
# After these words "like", "so" and "well" are no hesitation.
_BEFORE: Final = """
i you we they he she it to would d ill not dont didnt doesnt do did does really just more look looks
looked feel feels felt sound sounds sounded am is are was were be very as who
"""
_BEFORE_LIKE: Final = frozenset(_BEFORE.split())


def straighten(text: str) -> str:
    """Return `text` with straight quotes and plain spaces."""
    return " ".join(text.translate(_QUOTES).split())


def words_of(text: str) -> list[str]:
    """Return the words in lower case, without punctuation and apostrophes, for comparing texts."""
    plain = text.translate(_QUOTES).lower().replace("'", "")
    return re.sub(r"[^\w\s]", " ", plain).split()


def overlap(sentence: str, summary: str) -> float:
    """Return the share of the sentence's pairs of neighbouring words in the summary, 0 to 1.

    A sentence of one word counts as a whole: 1 if the summary has the word.
    """
    words, others = words_of(sentence), words_of(summary)
    if len(words) < 2:
        return float(bool(words) and words[0] in others)
    pairs = set(pairwise(words))
    return len(pairs & set(pairwise(others))) / len(pairs)


def content_words(sentence: str) -> list[str]:
    """Return the words that tell something: neither function words nor phatic ones."""
    return [word for word in words_of(sentence) if word not in _EMPTY_WORDS]


def is_rewording(sentence: str, written: str) -> bool:
    """Tell whether `written` says `sentence` word for word, but for hesitations and repeats.

    What may be gone: "um", "like" and the like where they are no verb or preposition, and words
    that were said twice in a row. Nothing may be new, or in another order.
    """
    said, kept = words_of(sentence), words_of(written)
    matcher = SequenceMatcher(None, said, kept, autojunk=False)
    for kind, start, end, *_ in matcher.get_opcodes():
        if kind == "equal":
            continue
        if kind != "delete":
            return False
        gone = said[start:end]
        is_repeat = gone in (said[end : end + len(gone)], said[max(0, start - len(gone)) : start])
        is_spared = _SPARED.fullmatch(" ".join(gone)) is not None
        if gone[0] in {"like", "so", "well"} and start and said[start - 1] in _BEFORE_LIKE:
            is_spared = False
        if not (is_repeat or is_spared):
            return False
    return bool(kept)


def is_invented(summary: str, entry: str) -> bool:
    """Tell whether a content word of the summary, simply stemmed, is missing in the entry."""
    known = {_stem(word) for word in words_of(entry)}
    return any(
        word not in _FUNCTION_WORDS and _stem(word) not in known for word in words_of(summary)
    )


def is_in_order(sentence: str, whole: str) -> bool:
    """Tell whether the words of `sentence` all stand in `whole`, in their order."""
    words = iter(words_of(whole))
    return all(word in words for word in words_of(sentence))


def is_negated(sentence: str) -> bool:
    """Tell whether the sentence holds a negation."""
    return _NEGATION.search(sentence.translate(_QUOTES).lower()) is not None


def is_degenerate(summary: str) -> bool:
    """Tell whether the summary is empty or goes in circles: three words in a row, three times."""
    words = words_of(summary)
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return not words or any(triples.count(triple) > 2 for triple in triples)


def clean(sentence: str) -> str:
    """Return `sentence` without hesitations, asides and words said twice, cased and ended.

    Only takes words away; it never changes one but for its case.
    """
    text = straighten(sentence)
    text = _HESITATION.sub("", text)
    text = _OPENING.sub("", _ASIDE.sub(" ", text))
    text = _SAID_TWICE.sub(_once, text)
    text = re.sub(r"\s+([,.!?;:])", r"\1", text).strip(" ,;:-")
    text = _LONE_I.sub("I", text)
    if not text or not any(character.isalnum() for character in text):
        return ""
    if not re.search(r"[.!?…][\"')\]]*$", text):
        text += "."
    return text[0].upper() + text[1:]


def _once(repeat: re.Match[str]) -> str:
    return repeat[0] if repeat[1].lower() in _FINE_TWICE else repeat[1]


def _stem(word: str) -> str:
    stem = _SUFFIX.sub("", word)
    return stem if len(stem) > 1 else word
