"""Which words carried an emotion: occlusion, a word at a time.

The weight of a word for an emotion is the drop in that emotion's probability when the word is
hidden from the model (Zeiler & Fergus, 2014, https://arxiv.org/abs/1311.2901; for text Li et al.,
2016, "Understanding Neural Networks through Representation Erasure",
https://arxiv.org/abs/1612.08220). Hidden by the mask token, which the encoder met in its
pretraining and which keeps every other word in its place; `training.emotion.
evaluate_explanations` compares that with leaving the word out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, pre_tokenizers

from runners.emotion.calibration import NEUTRAL, EmotionCalibration, Probabilities
from runners.errors import InvalidRequest
from runners.text.compare import is_function_word
from runners.text.sentences import Sentence
from samo.limits import MAX_EXPLAINED_CHARACTERS, MAX_EXPLAINED_WORDS

# A word is listed where its weight is at least this: activations in int8 share a scale within a
# batch, so that a weight differs from float's by 0.01 on average, and by up to 0.05.
MIN_WEIGHT: Final = 0.05
# ... and at least this share of the heaviest word's.
MIN_SHARE: Final = 0.2

# Segments by the word boundaries of Unicode (UAX #29), which Oniguruma knows as `\X` in word
# mode: "don't" and a family of emoji are one each, a Chinese character is one. Added is what
# carries a feeling only as a whole: "!!!", ":-)", ":D", "<3". A mark that something combines
# with belongs to that ("#️⃣").
_SEGMENTS: Final = pre_tokenizers.Split(
    Regex(
        r"<[/\\]?3+(?!\w)"
        r"|[:;=][-^']?[DPpOo3](?!\w)"
        r"|(?:[\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}\p{Sm}\p{Sc}\p{Sk}](?!\p{M}))+"
        r"|(?y{w}:\X)"
    ),
    "isolated",
)
_INVISIBLE: Final = {"Cc", "Cf", "Zl", "Zp", "Zs"}

Weights = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Word:
    """A word; `text == entry[start:end]`, in Unicode code points."""

    text: str
    start: int
    end: int

    def moved(self, offset: int) -> Self:
        """The same word where its sentence begins at `offset` of the entry."""
        return replace(self, start=self.start + offset, end=self.end + offset)


@dataclass(frozen=True, slots=True)
class WeightedWord:
    """A word and how far the emotion's probability falls without it, in (0, 1]."""

    word: Word
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """An emotion and the words that carried it, heaviest first; none where no word did alone."""

    emotion: str
    words: list[WeightedWord]


def words_of(text: str) -> list[Word]:
    """The words of `text` in order, with runs of punctuation and without white space."""
    return [
        Word(segment, start, end)
        for segment, (start, end) in _SEGMENTS.pre_tokenize_str(text)
        if any(unicodedata.category(character) not in _INVISIBLE for character in segment)
    ]


def refuse_long(text: str) -> None:
    """Raise `InvalidRequest` for a text of too many characters, before anything is computed."""
    _refuse("characters", len(text), MAX_EXPLAINED_CHARACTERS)


def words_to_explain(sentences: Sequence[Sentence]) -> list[tuple[int, Word]]:
    """Index of its sentence and place within that for each word of a text.

    Raises `InvalidRequest` for a text of too many words.
    """
    words = [
        (index, word)
        for index, sentence in enumerate(sentences)
        for word in words_of(sentence.text)
    ]
    _refuse("words and marks", len(words), MAX_EXPLAINED_WORDS)
    return words


def _refuse(what: str, number: int, limit: int) -> None:
    if number > limit:
        raise InvalidRequest(
            f"The text is too long to explain: send at most {limit} {what}, a part of the "
            "entry, say, or leave `explain` out.",
            max_length=limit,
        )


def where_felt(
    calibration: EmotionCalibration,
    rows: Sequence[Probabilities],
    lengths: Sequence[int],
    names: Sequence[str],
) -> set[int]:
    """Indices of the sentences in which a word may matter for an emotion of `names`.

    In the others so little is felt that the entry's probability would not fall by `MIN_WEIGHT`
    if all of it were gone. Nowhere for neutral, which no word carries.
    """
    columns = [calibration.labels.index(name) for name in names if name != NEUTRAL]
    nothing = np.zeros_like(rows[0])
    most = entry_weights(
        calibration, rows, lengths, [(index, nothing) for index in range(len(rows))]
    )
    return {index for index in range(len(rows)) if (most[index, columns] >= MIN_WEIGHT).any()}


def entry_weights(
    calibration: EmotionCalibration,
    rows: Sequence[Probabilities],
    lengths: Sequence[int],
    occluded: Sequence[tuple[int, Probabilities]],
) -> Weights:
    """Drops of an entry's probabilities, shape (words, labels + moods).

    `rows` are its sentences' probabilities and `lengths` their characters;
    `occluded` has for each word the index of its sentence and that sentence's probabilities with
    the word hidden. The length of a sentence counts as it was: a word that is hidden is still
    there.
    """
    whole = calibration.aggregate(rows, lengths)
    drops = np.zeros((len(occluded), len(whole)))
    for number, (sentence, row) in enumerate(occluded):
        without = calibration.aggregate([*rows[:sentence], row, *rows[sentence + 1 :]], lengths)
        drops[number] = whole.astype(np.float64) - without
    return drops


def explain(emotion: str, words: Sequence[Word], weights: Weights) -> Explanation:
    """The words that matter for `emotion`, `weights` being theirs, shape (words,).

    A word matters where its weight is at least `MIN_WEIGHT` and `MIN_SHARE` of the heaviest's.
    Function words are listed only where no other word matters. Words that speak against the emotion
    weigh less than nothing and are left out. Neutral says that nothing was felt, and no word
    carries what is not there: it has no words.
    """
    if emotion == NEUTRAL or not words:
        return Explanation(emotion, [])
    least = max(MIN_WEIGHT, MIN_SHARE * float(weights.max()))
    order = [i for i in np.argsort(-weights, kind="stable") if weights[i] >= least]
    # "My" is no reason for fear: hiding it changes whose feeling the sentence is.
    content = [i for i in order if not is_function_word(words[i].text)]
    return Explanation(
        emotion, [WeightedWord(words[i], float(weights[i])) for i in content or order]
    )
