"""Explain which words of a text show an emotion.

The weight of a word for an emotion is the drop in that emotion's probability when the word is
hidden from the model (Zeiler & Fergus, 2014, https://arxiv.org/abs/1311.2901; for text Li et al.,
2016, "Understanding Neural Networks through Representation Erasure",
https://arxiv.org/abs/1612.08220). The word is replaced by the mask token: the encoder knows that
token from its pretraining, and the other words keep their positions.
`training.emotion.evaluate_explanations` compares this with deleting the word.

A word can make a difference although it shows no emotion, such as a name. So the classifier's
reason head says for each word how likely a reader would give it as a reason. Only the likeliest
are hidden, because each costs a classification, and of those that make a difference the likeliest
are listed.

These are pure functions; the caller classifies the inputs:

    check_length(text)
    possible = find_possible_reasons(calibration, classified, words_to_explain(entry), emotions)
    occlusion = possible.occlude(calibration, classify(possible.inputs))
    explanations = occlusion.explain(calibration, classify(occlusion.inputs))
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt

from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.classifier import ClassifierInput, OccludedText, Span, TextWithWords
from runners.emotion.prediction import NEUTRAL
from runners.errors import InvalidRequest
from runners.text.emoji import spell_emoji
from samo.insight.entry import ClassifiedEntry, SplitEntry
from samo.insight.words import TextWord, split_words
from samo.limits import MAX_EXPLAINED_CHARACTERS, MAX_EXPLAINED_WORDS

# Smaller weights are noise: int8 activations share one scale per batch, so a weight differs from
# the float model's by 0.01 on average and by up to 0.05.
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
# For each emotion so many of the likeliest reasons are hidden, fewer if one of them is more likely
# than not. Words that are as likely as the last are hidden, too.
HIDDEN_WORDS: Final = 10
HIDDEN_WORDS_IF_UNLIKELY: Final = 20
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


@dataclass(frozen=True, slots=True)
class WordInSentence:
    """A word with its offsets in the sentence of this index."""

    sentence: int
    word: TextWord

    @property
    def span(self) -> Span:
        """Offsets of the word in its sentence."""
        return self.word.start, self.word.end


@dataclass(frozen=True, slots=True)
class PossibleReasons:
    """The words of an entry that may show one of its emotions.

    Attributes:
        classified: the entry.
        emotions: the emotions to explain.
        words: of the sentences that matter for one of the emotions, in order.
        matters: whether each sentence matters for each label, of shape (sentences, labels).

    """

    classified: ClassifiedEntry
    emotions: list[str]
    words: list[WordInSentence]
    matters: npt.NDArray[np.bool_]

    @property
    def inputs(self) -> list[ClassifierInput]:
        """Each sentence with its words."""
        texts = self.classified.split.texts
        return [
            TextWithWords(texts[sentence], tuple(one.span for one in words))
            for sentence, words in groupby(self.words, key=lambda one: one.sentence)
        ]

    def occlude(
        self, calibration: EmotionCalibration, outputs: Sequence[Probabilities]
    ) -> Occlusion:
        """Select the words to hide, given the classifier's outputs for the `inputs`."""
        reasons = np.concatenate([np.zeros((0, len(calibration.labels))), *outputs])
        sentences = [one.sentence for one in self.words]
        # a sentence that matters only for another emotion explains nothing
        is_relevant = self.matters[sentences]
        selected = {
            emotion: []
            if emotion == NEUTRAL
            else _to_hide(reasons[:, column], is_relevant[:, column])
            for emotion, column in _columns(calibration, self.emotions)
        }
        hidden = sorted(set().union(*selected.values()))
        return Occlusion(
            self.classified,
            [self.words[index] for index in hidden],
            reasons[hidden],
            {
                emotion: [hidden.index(index) for index in indices]
                for emotion, indices in selected.items()
            },
        )


def _to_hide(reasons: Weights, is_relevant: npt.NDArray[np.bool_]) -> list[int]:
    """Indices of the words to hide for an emotion, in order.

    Args:
        reasons: of each word for the emotion, of shape (words,).
        is_relevant: whether the word's sentence matters for the emotion, of shape (words,).

    """
    indices = np.flatnonzero(is_relevant)
    relevant = reasons[indices]
    is_likely = relevant.max(initial=0.0) >= MIN_REASON
    number = HIDDEN_WORDS if is_likely else HIDDEN_WORDS_IF_UNLIKELY
    if len(indices) > number:
        indices = indices[relevant >= np.sort(relevant)[-number]]
    return [int(index) for index in indices]


@dataclass(frozen=True, slots=True)
class Occlusion:
    """What is needed to explain the emotions of an entry.

    Attributes:
        classified: the entry.
        words: each of them is hidden once.
        reasons: for each word the probability that a reader says it shows a label, of shape
            (words, labels).
        words_of: for each emotion to explain the indices of its words.

    """

    classified: ClassifiedEntry
    words: list[WordInSentence]
    reasons: Weights
    words_of: dict[str, list[int]]

    @property
    def inputs(self) -> list[ClassifierInput]:
        """For each word its sentence with the word hidden."""
        texts = self.classified.split.texts
        return [OccludedText(texts[one.sentence], (one.span,)) for one in self.words]

    def explain(
        self, calibration: EmotionCalibration, outputs: Sequence[Probabilities]
    ) -> list[Explanation]:
        """Return one explanation per emotion, given the classifier's outputs for the `inputs`."""
        sentences = [one.sentence for one in self.words]
        weights = entry_weights(
            calibration, self.classified, list(zip(sentences, outputs, strict=True))
        )
        words = [self._word_in_entry(one) for one in self.words]
        return [
            explain(
                emotion,
                [words[index] for index in self.words_of[emotion]],
                weights[self.words_of[emotion], column],
                self.reasons[self.words_of[emotion], column],
                self.classified.entry_probabilities[column],
            )
            for emotion, column in _columns(calibration, list(self.words_of))
        ]

    def _word_in_entry(self, one: WordInSentence) -> TextWord:
        """The word as it was sent, without emphasis marks, with its offsets in the entry."""
        split = self.classified.split
        word = one.word.shifted(split.sentences[one.sentence].start)
        start, end = split.plain.entry_span(word.start, word.end)
        return TextWord(split.plain.entry[start:end], start, end)


def _columns(calibration: EmotionCalibration, emotions: Sequence[str]) -> list[tuple[str, int]]:
    return [(emotion, calibration.labels.index(emotion)) for emotion in emotions]


def check_length(text: str) -> None:
    """Raise `InvalidRequest` for a text with too many characters to explain."""
    _check_limit("characters", len(text), MAX_EXPLAINED_CHARACTERS)


def words_to_explain(entry: SplitEntry) -> list[WordInSentence]:
    """Return all words of an entry. Raises `InvalidRequest` if there are too many."""
    words = [
        WordInSentence(index, word)
        for index, text in enumerate(entry.texts)
        for word in split_words(text)
    ]
    _check_limit("words and punctuation marks", len(words), MAX_EXPLAINED_WORDS)
    return words


def _check_limit(unit: str, number: int, limit: int) -> None:
    if number > limit:
        raise InvalidRequest(
            f"The text is too long to explain: send at most {limit} {unit}, for example a part of "
            "the entry, or leave out `explain`.",
            max_length=limit,
        )


def find_possible_reasons(
    calibration: EmotionCalibration,
    classified: ClassifiedEntry,
    words: Sequence[WordInSentence],
    emotions: Sequence[str],
) -> PossibleReasons:
    """Select the words that may explain one of `emotions`.

    A sentence matters for an emotion if the entry's probability would drop by `MIN_WORD_WEIGHT`
    without any emotion in it, or if the emotion reaches its threshold in the sentence: of several
    sentences with the same emotion, none alone may make a difference. Others are skipped. `neutral`
    is never explained.
    """
    labels = len(calibration.labels)
    columns = [calibration.labels.index(name) for name in emotions if name != NEUTRAL]
    zero_probabilities = np.zeros_like(classified.entry_probabilities)
    max_drops = entry_weights(
        calibration,
        classified,
        [(index, zero_probabilities) for index in range(len(classified.split.sentences))],
    )
    shown = np.stack(classified.sentence_probabilities)[:, :labels] >= calibration.thresholds
    matters = (max_drops[:, :labels] >= MIN_WORD_WEIGHT) | shown
    is_relevant = np.any(matters[:, columns], axis=1)
    relevant_words = [one for one in words if is_relevant[one.sentence]]
    return PossibleReasons(classified, list(emotions), relevant_words, matters)


def entry_weights(
    calibration: EmotionCalibration,
    classified: ClassifiedEntry,
    variants: Sequence[tuple[int, Probabilities]],
) -> Weights:
    """Drops of the entry's probabilities, of shape (variants, outputs).

    A variant is the index of a sentence and that sentence's probabilities with a word hidden. Its
    length stays that of the sentence.
    """
    probabilities, lengths = classified.sentence_probabilities, classified.split.lengths
    before = classified.entry_probabilities.astype(np.float64)
    drops = np.zeros((len(variants), len(before)))
    for number, (index, variant) in enumerate(variants):
        drops[number] = before - calibration.aggregate(
            [*probabilities[:index], variant, *probabilities[index + 1 :]], lengths
        )
    return drops


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
