"""Select the words that explain an emotion of a text.

A word can make a difference to the model although it shows no emotion, such as a name. So the
classifier's reason head says for each word how likely a reader would give it as a reason, and of
the words that make a difference (`samo.insight.occlusion`) the likeliest reasons are listed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from runners.emotion.prediction import NEUTRAL
from runners.text.emoji import spell_emoji
from samo.insight.words import TextWord

# Smaller weights are noise: with int8 a weight differs from the float model's by 0.01 on average,
# and by up to 0.05.
MIN_WORD_WEIGHT: Final = 0.05
# A smaller weight counts if hiding the word divides the odds of the emotion by this number: where
# the model is certain, no single word changes the probability much.
MIN_ODDS_RATIO: Final = 2.0
# Smallest weight that counts, as a share of the largest.
MIN_RELATIVE_WEIGHT: Final = 0.2
# If a word has the required weight, words with this share of it are listed, too, if they are the
# likelier reasons.
MIN_SHARE_OF_MINIMUM: Final = 0.1
# Words are listed whose odds of being a reason are at least this share of the highest odds.
MIN_RELATIVE_ODDS: Final = 0.5
# If no single word makes a difference, words are listed that are at least this likely a reason.
MIN_REASON: Final = 0.5
# A smaller weight makes no difference: responses have four decimals.
SMALLEST_WEIGHT: Final = 0.0001

Weights = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WeightedWord:
    """A word and the drop in the emotion's probability when it is hidden, in [0, 1]."""

    word: TextWord
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The words that one emotion depends on, largest weight first; there may be none."""

    emotion: str
    words: list[WeightedWord]


def _is_punctuation(word: str) -> bool:
    """Whether a word consists of punctuation that is no emoticon."""
    return (
        all(unicodedata.category(character)[0] == "P" for character in word)
        and spell_emoji(word)[0] == word
    )


def _min_weight(probability: float) -> float:
    """The smallest weight that counts for an emotion of this probability."""
    odds = probability / max(1.0 - probability, 1e-6) / MIN_ODDS_RATIO
    return min(MIN_WORD_WEIGHT, probability - odds / (1.0 + odds))


def explain(
    emotion: str,
    words: Sequence[TextWord],
    weights: Weights,
    reasons: Weights,
    probability: float,
) -> Explanation:
    """Select the words that explain `emotion`.

    If a word has at least `MIN_WORD_WEIGHT`, or divides the odds by `MIN_ODDS_RATIO`, and has at
    least `MIN_RELATIVE_WEIGHT` of the largest weight, the likeliest reasons among all words with
    `MIN_SHARE_OF_MINIMUM` of this weight are listed. If no single word makes such a difference,
    because others show the emotion, too, the likeliest reasons of at least `MIN_REASON` are listed
    with the small weight that they have, which may be 0. Punctuation is listed only if there is
    nothing else. A word that speaks against the emotion has a negative weight and is not listed.
    `neutral` is never explained: its list of words is empty.

    Args:
        emotion: an emotion of the entry.
        words: of the entry.
        weights: of the words for the emotion, of shape (words,).
        reasons: for each word the probability that a reader says it shows the emotion, of shape
            (words,).
        probability: of the emotion.
    """
    if emotion == NEUTRAL or not words:
        return Explanation(emotion, [])
    min_weight = max(_min_weight(probability), MIN_RELATIVE_WEIGHT * float(weights.max()))
    order = [int(i) for i in np.argsort(-weights, kind="stable")]
    heavy = [i for i in order if weights[i] >= max(min_weight, SMALLEST_WEIGHT)]
    if heavy:
        enough = max(MIN_SHARE_OF_MINIMUM * min_weight, SMALLEST_WEIGHT)
        possible = [i for i in order if weights[i] >= enough]
    else:
        possible = [i for i in order if reasons[i] >= MIN_REASON and weights[i] > -MIN_WORD_WEIGHT]
    candidates = [i for i in possible if not _is_punctuation(words[i].text)] or heavy
    if not candidates:
        return Explanation(emotion, [])
    odds = reasons / np.maximum(1.0 - reasons, 1e-6)
    min_odds = MIN_RELATIVE_ODDS * max(odds[i] for i in candidates)
    listed = [i for i in candidates if odds[i] >= min_odds]
    return Explanation(
        emotion, [WeightedWord(words[i], max(0.0, float(weights[i]))) for i in listed]
    )
