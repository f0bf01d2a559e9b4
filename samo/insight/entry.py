"""Compute the emotions of an entry, as pure functions: split, aggregate, interpret.

Only the step between them, the classifier, needs a model. The caller runs it: the pipeline through
its batcher, an evaluation in a loop. So both compute the same:

    entries = [split_entry(text) for text in texts]
    outputs = regroup(entries, classify(sentence_texts(entries)))
    for entry, probabilities in zip(entries, outputs):
        classified = aggregate(calibration, entry, probabilities)
        emotions = interpret_entry(calibration, classified)

Journals and summaries are split by `split_entry`. `/predict` splits by `split_text` and needs only
`aggregate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.prediction import NEUTRAL, EmotionContext, EmotionPrediction, EntryPrediction
from runners.errors import InvalidRequest, SamoError
from runners.text.blank import is_blank
from runners.text.sentences import (
    MAX_SENTENCE_WIDTH,
    Sentence,
    split_sentences,
    token_upper_bound,
)
from samo.insight.groupings import EmotionGroups, group_emotions
from samo.insight.markup import PlainText, plain_text
from samo.limits import MAX_TEXT_CHARACTERS

# `/predict` classifies a text up to this length without splitting it: the classifier was trained
# on GoEmotions' comments, which are no longer and often have several sentences.
MAX_UNSPLIT_CHARACTERS: Final = 280

Output = TypeVar("Output")


@dataclass(frozen=True, slots=True)
class SplitEntry:
    """An entry without its markup, and the sentences that are classified one by one.

    Attributes:
        plain: the entry without markup, with the offsets of each character in the entry.
        sentences: spans of `plain.text`; a single one for a short text that `split_text` did not
            split; none for an entry that has only markup.

    """

    plain: PlainText
    sentences: list[Sentence]

    @property
    def texts(self) -> list[str]:
        """Text of each sentence: the classifier's inputs."""
        return [sentence.text for sentence in self.sentences]

    @property
    def lengths(self) -> list[int]:
        """Number of characters of each sentence: its weight in the aggregation."""
        return [len(sentence.text) for sentence in self.sentences]

    def sentences_in_entry(self) -> list[Sentence]:
        """The sentences as they were sent: with the markup in them, and offsets in the entry."""
        spans = [self.plain.marked_span(one.start, one.end) for one in self.sentences]
        return [Sentence(self.plain.entry[first:last], first, last) for first, last in spans]


@dataclass(frozen=True, slots=True)
class ClassifiedEntry:
    """A split entry with its probabilities.

    Attributes:
        split: the entry and its sentences.
        sentence_probabilities: of each sentence, of shape (outputs,).
        entry_probabilities: of the entry, of shape (outputs,).

    """

    split: SplitEntry
    sentence_probabilities: list[Probabilities]
    entry_probabilities: Probabilities


@dataclass(frozen=True, slots=True)
class SentenceEmotions:
    """The emotions of a sentence, whose they are and when they are felt.

    `sentence` has its text and offsets in the entry as it was sent.
    """

    sentence: Sentence
    prediction: EmotionPrediction
    context: EmotionContext


@dataclass(frozen=True, slots=True)
class EntryEmotions:
    """The emotions of an entry: labels, groups and moods, and those of each sentence in order."""

    prediction: EntryPrediction
    groups: EmotionGroups
    sentences: list[SentenceEmotions]


def split_entry(text: str) -> SplitEntry:
    """Remove the markup of an entry and split it into sentences, even if it is short.

    Classified without splitting, the strongest emotion of an entry hides the others.
    """
    plain = plain_text(text)
    return SplitEntry(plain, _visible(split_sentences(plain.text)))


def split_text(text: str) -> SplitEntry:
    """Remove the markup of a text and split it into sentences if it is long."""
    plain = plain_text(text)
    stripped = plain.text.strip()
    if len(stripped) > MAX_UNSPLIT_CHARACTERS or token_upper_bound(stripped) > MAX_SENTENCE_WIDTH:
        return SplitEntry(plain, _visible(split_sentences(plain.text)))
    start = plain.text.find(stripped)
    return SplitEntry(plain, _visible([Sentence(stripped, start, start + len(stripped))]))


def _visible(sentences: Iterable[Sentence]) -> list[Sentence]:
    """Without sentences that show nothing, such as a line of zero-width spaces."""
    return [sentence for sentence in sentences if not is_blank(sentence.text)]


def text_error(text: object) -> SamoError | None:
    """Why `text` cannot be classified; None if it can be."""
    if not isinstance(text, str):
        return InvalidRequest("The text must be a string.")
    if is_blank(text):
        return InvalidRequest("The text is empty: send at least one visible character.")
    if len(text) > MAX_TEXT_CHARACTERS:
        return InvalidRequest(
            f"The text is too long: send at most {MAX_TEXT_CHARACTERS} characters.",
            max_length=MAX_TEXT_CHARACTERS,
        )
    return None


def check_has_words(entry: SplitEntry) -> None:
    """Raise `InvalidRequest` for an entry that has only markup."""
    if not entry.sentences:
        raise InvalidRequest("The text has only markup: send the entry's words.", field="text")


def sentence_texts(entries: Iterable[SplitEntry]) -> list[str]:
    """Texts of all sentences of all entries in order."""
    return [text for entry in entries for text in entry.texts]


def regroup(entries: Iterable[SplitEntry], outputs: Iterable[Output]) -> list[list[Output]]:
    """Group the classifier's outputs for `sentence_texts(entries)` by entry."""
    remaining = iter(outputs)
    return [[next(remaining) for _ in entry.sentences] for entry in entries]


def aggregate(
    calibration: EmotionCalibration,
    entry: SplitEntry,
    sentence_probabilities: Sequence[Probabilities],
) -> ClassifiedEntry:
    """Aggregate the probabilities of an entry's sentences, each of shape (outputs,), float32.

    Raises `InvalidRequest` for an entry that has only markup.
    """
    check_has_words(entry)
    return ClassifiedEntry(
        entry,
        list(sentence_probabilities),
        calibration.aggregate(sentence_probabilities, entry.lengths),
    )


def interpret_entry(
    calibration: EmotionCalibration, classified: ClassifiedEntry, threshold: float | None = None
) -> EntryEmotions:
    """Decide which emotions an entry and each of its sentences have.

    `threshold` replaces the tuned thresholds of the labels; groups and moods keep theirs.
    """
    entry, probabilities = classified.split, classified.sentence_probabilities
    return EntryEmotions(
        prediction=calibration.interpret_entry(
            classified.entry_probabilities, probabilities, entry.lengths, threshold
        ),
        groups=group_emotions(calibration, classified.entry_probabilities),
        sentences=[
            SentenceEmotions(
                sentence, calibration.interpret(row, threshold), calibration.decide_context(row)
            )
            for sentence, row in zip(entry.sentences_in_entry(), probabilities, strict=True)
        ],
    )


def salience(calibration: EmotionCalibration, classified: ClassifiedEntry) -> list[float]:
    """How much each sentence shows what is felt in the entry, from 0 to 1.

    It is the mean of 1 - P(neutral) and the probability that the sentence has any of the entry's
    emotions. With the first alone, a summary less often has the entry's first emotion. For an entry
    without an emotion it is the first alone.
    """
    rows = np.stack(classified.sentence_probabilities)[:, : len(calibration.labels)]
    emotional = 1.0 - rows[:, calibration.labels.index(NEUTRAL)]
    decided = calibration.decide(classified.entry_probabilities)
    columns = [calibration.labels.index(one.name) for one in decided if one.name != NEUTRAL]
    if not columns:
        return list(map(float, emotional))
    of_entry = 1.0 - np.prod(1.0 - rows[:, columns], axis=1)
    return list(map(float, (emotional + of_entry) / 2.0))
