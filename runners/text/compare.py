"""Plain text work around the summarizer: clean up speech, compare a summary with its entry.

Nothing here knows a model. The same functions judge summaries when the model is trained.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

from runners.text.emoticons import SYMBOL

_QUOTES: Final = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})
_HESITATION: Final = re.compile(r"(?:(?<=\W)|^)(?:u[mh]+|erm?|hm+)\b[,.]*\s*", re.IGNORECASE)
# Between commas these words say nothing; elsewhere they may be a sentence's verb.
_ASIDE: Final = re.compile(r",\s*(?:like|you know|i mean),\s*", re.IGNORECASE)
_OPENING: Final = re.compile(r"^(?:(?:so|well|like|you know|i mean|okay|ok),\s*)+", re.IGNORECASE)
_SAID_TWICE: Final = re.compile(r"\b(\w+(?:['’]\w+)?)(?:,?\s+\1\b(?!\s+know\b))+", re.IGNORECASE)
# "I had had enough", "so, so happy": English as it is.
_FINE_TWICE: Final = frozenset(
    ["that", "had", "so", "very", "really", "no", "yes", "ha", "bye", "is", "do", "many", "much"]
)
_LONE_I: Final = re.compile(r"\bi\b(?=$|[\s,.!?;:]|['’](?:m|ve|d|ll)\b)")
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


_LINK_END: Final = re.compile(r"(?:https?://|www\.)\S+$|\S@\S+\.\w+$|[#@]\w+$")
_ODD_WORD: Final = re.compile(
    r"\b[a-z]+[A-Z]|https?://|www\.|\w@\w|[#@]\w|\b[a-z]\.[a-z]|[^\x00-\u024f\u2010-\u2026]"
)
_FULL_STOP_SCRIPTS: Final = ("LATIN", "CYRILLIC", "GREEK")


def normalize_quotes(text: str) -> str:
    """Return `text` with straight quotes and plain spaces."""
    return " ".join(text.translate(_QUOTES).split())


def normalized_words(text: str) -> list[str]:
    """Return the words in lower case, without punctuation and apostrophes, for comparing texts."""
    plain = text.translate(_QUOTES).lower().replace("'", "")
    return re.sub(r"[^\w\s]", " ", plain).split()


def bigram_recall(sentence: str, summary: str) -> float:
    """Return the share of the sentence's pairs of neighbouring words in the summary, 0 to 1.

    A sentence of one word counts as a whole: 1 if the summary has the word.
    """
    words, others = normalized_words(sentence), normalized_words(summary)
    if len(words) < 2:
        return float(bool(words) and words[0] in others)
    pairs = set(pairwise(words))
    return len(pairs & set(pairwise(others))) / len(pairs)


def content_words(sentence: str) -> list[str]:
    """Return the words that tell something: neither function words nor phatic ones."""
    return [word for word in normalized_words(sentence) if word not in _EMPTY_WORDS]


def is_function_word(text: str) -> bool:
    """Whether `text` holds function words only ("my", "when I"); negations are none."""
    words = normalized_words(text)
    return bool(words) and all(word in _FUNCTION_WORDS for word in words)


def is_same_wording(sentence: str, written: str) -> bool:
    """Tell whether `written` says `sentence` word for word, but for hesitations and repeats.

    What may be gone: "um", "like" and the like where they are no verb or preposition, and words
    that were said twice in a row. Nothing may be new, or in another order.
    """
    said, kept = normalized_words(sentence), normalized_words(written)
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
    known = {_stem(word) for word in normalized_words(entry)}
    return any(
        word not in _FUNCTION_WORDS and _stem(word) not in known
        for word in normalized_words(summary)
    )


def is_in_order(sentence: str, whole: str) -> bool:
    """Tell whether the words of `sentence` all stand in `whole`, in their order."""
    words = iter(normalized_words(whole))
    return all(word in words for word in normalized_words(sentence))


def is_negated(sentence: str) -> bool:
    """Tell whether the sentence holds a negation."""
    return _NEGATION.search(sentence.translate(_QUOTES).lower()) is not None


def is_degenerate(summary: str) -> bool:
    """Tell whether the summary is empty or goes in circles: three words in a row, three times."""
    words = normalized_words(summary)
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return not words or any(triples.count(triple) > 2 for triple in triples)


def remove_disfluencies(sentence: str) -> str:
    """Return `sentence` without hesitations, asides and words said twice, cased and ended.

    Only takes words away; it changes none but for the case of the first and of "I". Marks stay as
    they are: a full stop is added only behind a letter or a digit.
    """
    text = " ".join(sentence.split())
    spared = _HESITATION.sub("", text)
    spared = _OPENING.sub("", _ASIDE.sub(" ", spared))
    spared = _SAID_TWICE.sub(_once, spared)
    if spared != text:
        text = re.sub(r"\s+([,.])(?=\s|$)", r"\1", spared).strip(" ,;")
        if not any(character.isalnum() for character in text) and not SYMBOL.search(text):
            return ""
    text = _LONE_I.sub("I", text)
    if not ends_with_punctuation(text):
        text += "."
    first = text.split(maxsplit=1)[0] if text else ""
    if first.rstrip(",.!?;:").replace("'", "").replace("’", "").isalpha() and first.islower():
        text = text[0].upper() + text[1:]
    return text


def ends_with_punctuation(text: str) -> bool:
    """Tell whether `text` needs no full stop: it ends with a mark, an emoji, an emoticon, a URL.

    Nor does text in a script that has other marks.
    """
    bare = text.rstrip("\"'”’»)]}")
    if not bare or not bare[-1].isalnum() or _LINK_END.search(bare):
        return True
    if any(match.end() == len(text) for match in SYMBOL.finditer(text, max(0, len(text) - 12))):
        return True
    return not (bare[-1].isascii() or unicodedata.name(bare[-1], "").startswith(_FULL_STOP_SCRIPTS))


def has_unwritable_tokens(sentence: str) -> bool:
    """Tell whether `sentence` has what the model does not write: emoji, "iPhone", a URL."""
    return SYMBOL.search(sentence) is not None or _ODD_WORD.search(sentence) is not None


def join_sentences(sentences: Iterable[str]) -> str:
    """Return sentences in a row, with a space between them but for scripts without spaces."""
    text = ""
    for sentence in sentences:
        is_spaced = text and unicodedata.east_asian_width(text[-1]) not in "WF"
        text += f" {sentence}" if is_spaced or SYMBOL.search(text[-3:]) else sentence
    return text


def _once(repeat: re.Match[str]) -> str:
    return repeat[0] if repeat[1].lower() in _FINE_TWICE else repeat[1]


def _stem(word: str) -> str:
    stem = _SUFFIX.sub("", word)
    return stem if len(stem) > 1 else word
