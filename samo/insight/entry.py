"""What the service computes from an entry's text, as pure functions: split, aggregate, read.

Only the step between them, the classifier, needs a model. The caller runs it: the pipeline through
its batcher, an evaluation in a loop. So both compute the same:

    entries = [split_entry(text) for text in texts]
    rows = regroup(entries, classify(passages(entries)))
    for entry, own in zip(entries, rows):
        classified = aggregate(calibration, entry, own)
        emotions = read_entry(calibration, classified)

`/predict` splits by `split_text` and stops at `aggregate`; journals and summaries split by
`split_entry`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from runners.emotion.calibration import (
    NEUTRAL,
    Context,
    EmotionCalibration,
    EmotionPrediction,
    EntryPrediction,
    Probabilities,
)
from runners.errors import InvalidRequest
from runners.text.sentences import MAX_SENTENCE_CHARACTERS, Sentence, split, width
from samo.insight.groupings import Groupings, group
from samo.insight.markup import PlainText, plain_text

# GoEmotions' comments were classified as a whole in training, so a text that is no longer than its
# longest comments is classified as a whole, too. A longer one is classified by its sentences.
MAX_WHOLE_CHARACTERS: Final = 280

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class SplitEntry:
    """An entry without its markup, and the passages of it that are classified one by one.

    Attributes:
        plain: the entry without markup, with the offsets of each character in the entry.
        passages: sentences of `plain.text`, or all of a short text. Empty if there is only markup.

    """

    plain: PlainText
    passages: list[Sentence]

    @property
    def texts(self) -> list[str]:
        """The passages as the classifier reads them."""
        return [passage.text for passage in self.passages]

    @property
    def lengths(self) -> list[int]:
        """Number of characters of each passage: its weight in the whole entry."""
        return [len(passage.text) for passage in self.passages]

    def in_entry(self) -> list[Sentence]:
        """The passages as they were sent, with the markup within them and offsets in the entry."""
        return [Sentence(*self.quote(passage.start, passage.end)) for passage in self.passages]

    def quote(self, start: int, end: int) -> tuple[str, int, int]:
        """Text, start and end in the entry of what is `plain.text[start:end]`."""
        first, last = self.plain.locate(start, end)
        return self.plain.entry[first:last], first, last


@dataclass(frozen=True, slots=True)
class ClassifiedEntry:
    """A split entry with its probabilities.

    Attributes:
        split: the entry and its passages.
        rows: probabilities of each passage, each of shape (outputs,).
        whole: probabilities of the whole entry, of shape (outputs,).

    """

    split: SplitEntry
    rows: list[Probabilities]
    whole: Probabilities


@dataclass(frozen=True, slots=True)
class SentenceEmotions:
    """The emotions of a sentence, and whose they are and when they were felt.

    `sentence` has its text and offsets in the entry as it was sent.
    """

    sentence: Sentence
    reading: EmotionPrediction
    context: Context


@dataclass(frozen=True, slots=True)
class EntryEmotions:
    """The emotions of an entry: of the whole, in groups, and of each sentence in order."""

    whole: EntryPrediction
    groupings: Groupings
    sentences: list[SentenceEmotions]


def split_entry(text: str) -> SplitEntry:
    """Remove an entry's markup and split it into sentences, even if it is short.

    Classified as a whole, the strongest emotion of an entry hides the others.
    """
    plain = plain_text(text)
    return SplitEntry(plain, split(plain.text))


def split_text(text: str) -> SplitEntry:
    """Remove a text's markup; one passage up to `MAX_WHOLE_CHARACTERS`, else its sentences."""
    plain = plain_text(text)
    stripped = plain.text.strip()
    if len(stripped) > MAX_WHOLE_CHARACTERS or width(stripped) > MAX_SENTENCE_CHARACTERS:
        return SplitEntry(plain, split(plain.text))
    start = plain.text.find(stripped)
    end = start + len(stripped)
    return SplitEntry(plain, [Sentence(stripped, start, end)] if stripped else [])


def require_words(entry: SplitEntry) -> None:
    """Raise `InvalidRequest` for an entry that holds markup only."""
    if not entry.passages:
        raise InvalidRequest("The text holds markup only: send the entry's words.", field="text")


def passages(entries: Iterable[SplitEntry]) -> list[str]:
    """Texts of the passages of all entries in order: the classifier's inputs."""
    return [text for entry in entries for text in entry.texts]


def regroup(entries: Iterable[SplitEntry], rows: Iterable[Row]) -> list[list[Row]]:
    """Outputs of the classifier, in the order of `passages(entries)`, by entry."""
    remaining = iter(rows)
    return [[next(remaining) for _ in entry.passages] for entry in entries]


def aggregate(
    calibration: EmotionCalibration, entry: SplitEntry, rows: Sequence[Probabilities]
) -> ClassifiedEntry:
    """Combine the passages' probabilities, each of shape (outputs,), into those of the whole.

    Raises `InvalidRequest` for an entry without passages.
    """
    require_words(entry)
    return ClassifiedEntry(entry, list(rows), calibration.aggregate(rows, entry.lengths))


def read_entry(
    calibration: EmotionCalibration, classified: ClassifiedEntry, threshold: float | None = None
) -> EntryEmotions:
    """Decide which emotions an entry and each of its sentences have.

    `threshold` replaces the tuned thresholds of the labels; groups and moods keep theirs.
    """
    entry, rows = classified.split, classified.rows
    return EntryEmotions(
        whole=calibration.interpret_entry(classified.whole, rows, entry.lengths, threshold),
        groupings=group(calibration, classified.whole),
        sentences=[
            SentenceEmotions(
                sentence, calibration.interpret(row, threshold), calibration.decide_context(row)
            )
            for sentence, row in zip(entry.in_entry(), rows, strict=True)
        ],
    )


def salience(calibration: EmotionCalibration, rows: Iterable[Probabilities]) -> list[float]:
    """How emotional each passage is, from 0 to 1: its probability of not being neutral."""
    neutral = calibration.labels.index(NEUTRAL)
    return [1.0 - float(row[neutral]) for row in rows]
