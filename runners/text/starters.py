"""Words that begin English sentences far more often than they are names.

Names may follow abbreviations such as "Dr.", "U.S." or an initial. If one of these words follows
instead, the abbreviation ends a sentence. Words that are names too ("Will", "May", "Grace") are
not in the list.
"""

from __future__ import annotations

from typing import Final

_WORDS: Final = """
I I'm I've I'd I'll He He's She She's It It's Its We We're We've They They're You You're My Your His
Her Our Their The A An This That These Those There There's Here And But Or So Then Because Although
Though While When Where What Who Why How If After Before Since Until As At In On For From With By To
Not No Yes Yeah Maybe Perhaps Also Still Just Even Now Today Tomorrow Yesterday Tonight Later Once
Finally Suddenly However Everyone Everything Everybody Nobody Nothing Nothing's Someone Something
Some All Both Each Every Most Many Much More Another Other One Two Was Were Is Are Am Did Do Does
Don't Didn't Had Has Have Can Can't Could Couldn't Would Wouldn't Should Went Got Felt Feeling Feel
Let Let's Please Thanks Thank Hopefully Honestly Anyway Well Oh Ok Okay Ugh Wow
"""
SENTENCE_STARTERS: Final = frozenset(
    [*_WORDS.split(), *(word.replace("'", "’") for word in _WORDS.split()), "i", "i'm", "i’m"]
)
