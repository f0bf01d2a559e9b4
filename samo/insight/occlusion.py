"""Find the words of an entry that may show an emotion, and hide one at a time from the model.

The weight of a word for an emotion is the drop in that emotion's probability when the word is
hidden (Zeiler & Fergus, 2014, https://arxiv.org/abs/1311.2901; for text Li et al., 2016,
"Understanding Neural Networks through Representation Erasure", https://arxiv.org/abs/1612.08220).
The word is replaced by the mask token: the encoder knows that token from its pretraining, and the
other words keep their positions. `training.emotion.evaluate_explanations` compares this with
deleting the word.

The classifier's reason head says for each word how likely a reader would give it as a reason. Only
the likeliest are hidden, because each costs a classification.

These are pure functions; the caller classifies the inputs:

    check_length(text)
    possible = find_possible_reasons(calibration, classified, words_to_explain(entry), emotions)
    occlusion = possible.occlude(calibration, classify(possible.inputs))
    explanations = occlusion.explain(calibration, classify(occlusion.inputs))
"""

from __future__ import annotations

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
from samo.insight.entry import ClassifiedEntry, SplitEntry
from samo.insight.explanation import MIN_REASON, MIN_WORD_WEIGHT, Explanation, Weights, explain
from samo.insight.words import TextWord, split_words
from samo.limits import MAX_EXPLAINED_CHARACTERS, MAX_EXPLAINED_WORDS

# Number of words that are hidden for each emotion: the most likely reasons. Others that are as
# likely as the last of them are hidden, too.
HIDDEN_WORDS: Final = 10
# The same if no word has a probability of `MIN_REASON` or more.
HIDDEN_WORDS_IF_UNLIKELY: Final = 20


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
