"""Compare texts by their words, such as a summary with its entry.

The summarizer's evaluation (`training/summarizer/metrics.py`) uses the same functions.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

from runners.text.cleaning import straight_quotes

_SUFFIX: Final = re.compile(r"(?:ying|ied|ies|ing|ed|es|ly|s|y|e)$")
_NEGATION: Final = re.compile(r"\b(?:no|not|never|nobody|nothing|none|neither|nor|cannot)\b|n'?t\b")
# Words without content: a summary may add them without inventing anything.
_FUNCTION: Final = """
a an the and or but so because then that this these those there here it its i me my mine we us our
you your he him his she her they them their who which what when where while as if than is am are
was were be been being do does did have has had will would can could may might to of in on at by
for from with about into over after before up down out off again very just also too all some any
"""
_FUNCTION_WORDS: Final = frozenset(_FUNCTION.split())
# "I'm", "that's"; without an apostrophe only those that are no other words ("well", "id").
_CONTRACTED: Final = re.compile(
    r"(?:i|you|he|she|it|we|they|that|this|there|here|who|what)'(?:m|re|s|ve|d|ll)"
    r"|im|ive|hes|shes|itll|thats|theres|heres|whats|whos"
    r"|(?:you|they)(?:re|ve|d|ll)|weve"
)
# Words that manage a conversation and have no content.
_DISCOURSE: Final = """
yes no yeah oh ok okay well please thank thanks much hello hi bye um uh er erm hm like
"""
_WORDS_WITHOUT_CONTENT: Final = _FUNCTION_WORDS | frozenset(_DISCOURSE.split())
# Hesitations and fillers, which a rewritten sentence may leave out.
_DISFLUENCIES: Final = re.compile(
    r"(?:u[mh]+|erm?|hm+|like|you know|i mean|so|well|okay|ok)"
    r"(?: (?:u[mh]+|erm?|hm+|like|you know|i mean|so|well|okay|ok))*"
)
# "like", "so" and "well" are not fillers after these words.
_BEFORE: Final = """
i you we they he she it to would d ill not dont didnt doesnt do did does really just more look looks
looked feel feels felt sound sounds sounded am is are was were be very as who
"""
_BEFORE_LIKE: Final = frozenset(_BEFORE.split())


def normalized_words(text: str) -> list[str]:
    """Return the words of `text` in lower case, without punctuation and apostrophes."""
    plain = straight_quotes(text).lower().replace("'", "")
    return re.sub(r"[^\w\s]", " ", plain).split()


def bigram_recall(sentence: str, summary: str) -> float:
    """Return the share of the sentence's bigrams (pairs of neighbouring words) in the summary.

    A sentence of one word has recall 1 if the summary contains the word, and 0 otherwise.
    """
    words, others = normalized_words(sentence), normalized_words(summary)
    if len(words) < 2:
        return float(bool(words) and words[0] in others)
    bigrams = set(pairwise(words))
    return len(bigrams & set(pairwise(others))) / len(bigrams)


def content_words(sentence: str) -> list[str]:
    """Return the words that are neither function words nor discourse markers."""
    return [word for word in normalized_words(sentence) if word not in _WORDS_WITHOUT_CONTENT]


def is_function_word(text: str) -> bool:
    """Whether `text` consists of function words ("my", "I'm", "when I"), without negations."""
    words = re.findall(r"[\w']+", straight_quotes(text).lower())
    return bool(words) and all(
        word in _FUNCTION_WORDS or _CONTRACTED.fullmatch(word) is not None for word in words
    )


def is_same_wording(sentence: str, rewritten: str) -> bool:
    """Whether `rewritten` has the words of `sentence` in the same order, except for disfluencies.

    It may leave out hesitations, fillers ("like", unless it is a verb or a preposition) and words
    that are repeated in a row. It may not add words.
    """
    before, after = normalized_words(sentence), normalized_words(rewritten)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, start, end, *_ in matcher.get_opcodes():
        if kind == "equal":
            continue
        if kind != "delete":
            return False
        deleted = before[start:end]
        neighbours = (
            before[end : end + len(deleted)],
            before[max(0, start - len(deleted)) : start],
        )
        is_disfluent = _DISFLUENCIES.fullmatch(" ".join(deleted)) is not None
        if deleted[0] in {"like", "so", "well"} and start and before[start - 1] in _BEFORE_LIKE:
            is_disfluent = False
        if deleted not in neighbours and not is_disfluent:
            return False
    return bool(after)


def is_invented(summary: str, entry: str) -> bool:
    """Whether the summary has a content word whose stem, by simple rules, the entry lacks."""
    stems = {_stem(word) for word in normalized_words(entry)}
    return any(
        word not in _FUNCTION_WORDS and _stem(word) not in stems
        for word in normalized_words(summary)
    )


def is_in_order(sentence: str, text: str) -> bool:
    """Whether `text` contains all words of `sentence` in their order."""
    words = iter(normalized_words(text))
    return all(word in words for word in normalized_words(sentence))


def is_negated(sentence: str) -> bool:
    """Whether the sentence contains a negation."""
    return _NEGATION.search(straight_quotes(sentence).lower()) is not None


def is_degenerate(summary: str) -> bool:
    """Whether the summary is empty, or repeats three words in a row more than twice."""
    words = normalized_words(summary)
    trigrams = list(zip(words, words[1:], words[2:], strict=False))
    return not words or any(trigrams.count(trigram) > 2 for trigram in trigrams)


def _stem(word: str) -> str:
    stem = _SUFFIX.sub("", word)
    return stem if len(stem) > 1 else word
