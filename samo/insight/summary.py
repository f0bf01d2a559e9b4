"""The request to the summarizer and the emotions of its summary, as pure functions.

`summary_request` asks for a summary. Its sentences are often the entry's own, which are classified
already (`known_rows`); the caller classifies the others (`unclassified`) before `read_summary`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runners.emotion.calibration import EmotionCalibration, EmotionPrediction, Probabilities
from runners.summarizer.summary import Focus, Summary, SummaryRequest
from runners.text.sentences import split
from samo.insight.entry import SplitEntry


@dataclass(frozen=True, slots=True)
class EmotionalCore:
    """A summary and its emotions, which should be those of the entry."""

    summary: Summary
    reading: EmotionPrediction


def summary_request(
    entry: SplitEntry,
    salience: Sequence[float] | None,
    *,
    max_sentences: int,
    focus: Focus = "core",
) -> SummaryRequest:
    """Ask for a summary of an entry that was split into sentences by `split_entry`.

    `salience` has one value per sentence; None if they could not be classified.
    """
    return SummaryRequest(
        entry.plain.text, max_sentences, salience, focus, sentences=tuple(entry.texts)
    )


def known_rows(entry: SplitEntry, rows: Sequence[Probabilities]) -> dict[str, Probabilities]:
    """Probabilities by the text of the sentence; a summary repeats many sentences unchanged."""
    return dict(zip(entry.texts, rows, strict=True))


def unclassified(summary: Summary, known: Mapping[str, Probabilities]) -> list[str]:
    """Sentences of the summary that are not in `known`."""
    return [text for text in _sentences(summary) if text not in known]


def read_summary(
    calibration: EmotionCalibration,
    summary: Summary,
    known: Mapping[str, Probabilities],
    threshold: float | None = None,
) -> EmotionalCore:
    """Read the emotions of a summary; `known` has the probabilities of all its sentences."""
    texts = _sentences(summary)
    whole = calibration.aggregate([known[text] for text in texts], [len(text) for text in texts])
    return EmotionalCore(summary, calibration.interpret(whole, threshold))


def _sentences(summary: Summary) -> list[str]:
    return [sentence.text for sentence in split(summary.text)]
