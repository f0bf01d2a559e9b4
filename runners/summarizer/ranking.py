"""Score a summary by its sentences: each has five features, in which the score is linear.

A sentence is penalized for what those before it say already (as in McDonald, 2007), so the best
summary is not simply its best sentences. `training/summarizer/fit_selection.py` fits the weights to
the ROUGE of all pairs of sentences of diaries with summaries, with the functions below.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from runners.text.compare import content_words, normalized_words

WEIGHTS_FILE: Final = Path(__file__).with_name("ranking.json")
# Added to the number of content words, so that one recurring word does not dominate the score of a
# short sentence.
WORD_COUNT_SMOOTHING: Final = 3
# A longer sentence counts as one of this length: otherwise run-on text without punctuation, which
# the weights were not fitted on, would always win.
MAX_WORDS: Final = 60
# Salience outside this range counts as its end.
SALIENCE_RANGE: Final = (0.01, 0.99)
# "Anna: ", "#Person1#: " at the start of a sentence
_SPEAKER: Final = re.compile(r"(#?[^\W\d_][\w .'’-]{0,23}#?):\s")
# In a dialogue, each of this many speakers begins this many sentences or more.
MIN_SPEAKERS: Final = 2
MIN_TURNS: Final = 2


class Features(NamedTuple):
    """Features of a sentence, or their weights.

    Attributes:
        length: growth of the logarithm of the summary's number of words.
        first: 1 for the first sentence of the entry, otherwise 0.
        salience: logit of the sentence's salience; 0 if it is not known.
        recurrence: mean weight of its content words; words of more sentences weigh more.
        repetition: share of its content words that the summary has before it.

    """

    length: float
    first: float
    salience: float
    recurrence: float
    repetition: float


def read_weights(path: Path = WEIGHTS_FILE) -> Features:
    """Read the weights of the features from a JSON object."""
    return Features(**json.loads(path.read_text(encoding="utf-8")))


WEIGHTS: Final = read_weights()


class Ranking:
    """The sentences of an entry, with what their features are computed from."""

    def __init__(self, sentences: Sequence[str], salience: Sequence[float] | None) -> None:
        content = [content_words(sentence) for sentence in sentences]
        self.content = [frozenset(words) for words in content]
        self._lengths = [min(len(normalized_words(text)), MAX_WORDS) for text in sentences]
        self._recurrence = recurrence(content)
        self._salience = [_logit(value) for value in salience or [0.5] * len(sentences)]

    def features(self, index: int, before: Sequence[int] = ()) -> Features:
        """Features of a sentence of the summary; `before` are those before it."""
        words = 1 + sum(self._lengths[other] for other in before)
        content = self.content[index]
        covered = content.intersection(chain(*(self.content[other] for other in before)))
        return Features(
            length=math.log((words + self._lengths[index]) / words),
            first=float(index == 0),
            salience=self._salience[index],
            recurrence=self._recurrence[index],
            repetition=len(covered) / max(1, len(content)),
        )

    def score(self, summary: Sequence[int]) -> float:
        """Score of a summary of these sentences, in order; -inf if one of them adds nothing."""
        total = 0.0
        for position, index in enumerate(summary):
            features = self.features(index, summary[:position])
            if features.repetition == 1.0:
                return -math.inf
            total += sum(map(operator.mul, features, WEIGHTS))
        return total


def is_dialogue(sentences: Sequence[str]) -> bool:
    """Whether this is a dialogue of speakers who are named at the start of their turns.

    Its most salient sentences are courtesies ("That's great, thank you!"), not the writer's
    emotions.
    """
    speakers = Counter(match[1] for text in sentences if (match := _SPEAKER.match(text)))
    return sum(count >= MIN_TURNS for count in speakers.values()) >= MIN_SPEAKERS


def recurrence(words: Sequence[Sequence[str]]) -> list[float]:
    """Mean weight of each sentence's content words; words of more sentences weigh more."""
    distinct = [set(content) for content in words]
    counts = Counter(word for content in distinct for word in content)
    return [
        sum(math.log1p(counts[word]) for word in content if counts[word] > 1)
        / (len(content) + WORD_COUNT_SMOOTHING)
        for content in distinct
    ]


def _logit(probability: float) -> float:
    smallest, largest = SALIENCE_RANGE
    bounded = min(max(probability, smallest), largest)
    return math.log(bounded / (1 - bounded))
