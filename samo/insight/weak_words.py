"""Words that rarely show an emotion: who, when, where, how many, and verbs that say little.

"Dad's", "Thursday" and "told" can change an emotion's probability, but readers do not take them for
its reason. `samo.insight.explanation` lists them only if no other word explains the emotion.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from runners.text.compare import is_function_word
from samo.insight.words import TextWord

_WHO: Final = """
people person man men woman women lad lads girl girls boy boys guy guys kid kids child children
someone somebody everyone everybody anyone anybody nobody mum mom mam dad mother father parents
brother sister husband wife son daughter grandson granddaughter grandma grandpa grandad granddad
granny gran nan nana nani auntie aunt uncle cousin nephew niece neighbour neighbours neighbor boss
flatmate colleague
"""
_WHEN: Final = """
today tonight yesterday tomorrow morning afternoon evening night week weeks weekend month months
year years hour hours minute minutes second seconds day days time times monday tuesday wednesday
thursday friday saturday sunday january february march april may june july august september october
november december spring summer autumn winter midsummer now then ago later soon until since already
"""
_HOW_MANY: Final = """
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand
first second third once twice both each every any
"""
_VERBS: Final = """
say says said saying tell tells told ask asks asked come comes came coming go goes went going gone
get gets got getting put puts take takes took taking make makes made making give gives gave keep
keeps kept let lets start starts started begin began
"""
_THINGS: Final = """
thing things something anything everything way bit lot stuff place name word
"""
_WHERE: Final = """
above beside without back around
"""
_WEAK: Final = frozenset(" ".join((_WHO, _WHEN, _HOW_MANY, _VERBS, _THINGS, _WHERE)).split())
# A word after one of these may begin with a capital without being a name.
_BEFORE_A_START: Final = frozenset(".!?:;…\"'“”‘’«»()[]-–—*")


def weak_words(words: Sequence[TextWord], sentences: Sequence[int]) -> frozenset[int]:
    """Return the indices of the words that are weak: names, numbers, and those listed here.

    `sentences` has the index of each word's sentence. A name is a capitalized word that does not
    begin a sentence or a quotation.
    """
    return frozenset(
        index
        for index, word in enumerate(words)
        if _is_listed(word.text)
        or (_is_capitalized(word.text) and not _starts(words, sentences, index))
    )


def _is_listed(text: str) -> bool:
    word = text.lower().replace("’", "'").removesuffix("'s")
    return word in _WEAK or any(character.isdigit() for character in word)


def _is_capitalized(text: str) -> bool:
    return text[0].isupper() and text[1:].islower() and not is_function_word(text)


def _starts(words: Sequence[TextWord], sentences: Sequence[int], index: int) -> bool:
    return (
        index == 0
        or sentences[index - 1] != sentences[index]
        or words[index - 1].text in _BEFORE_A_START
    )
