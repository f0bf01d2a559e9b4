"""The request to the summarizer and the emotions of its summary, as pure functions.

`summary_request` asks for a summary. Many of its sentences are the entry's own and are classified
already (`probabilities_by_text`); the caller classifies the others (`unclassified`) before
`interpret_summary`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runners.emotion.calibration import EmotionCalibration, Probabilities
from runners.emotion.prediction import EmotionPrediction
from runners.summarizer.summary import Focus, Summary, SummaryRequest
from runners.text.sentences import split_sentences
from samo.insight.entry import SplitEntry


@dataclass(frozen=True, slots=True)
class SummaryResult:
    """A summary and its emotions, which should be those of the entry.

    `prediction` is None if the entry could not be classified.
    """

    summary: Summary
    prediction: EmotionPrediction | None


def summary_request(
    entry: SplitEntry,
    salience: Sequence[float] | None,
    *,
    max_sentences: int,
    focus: Focus = "core",
) -> SummaryRequest:
    """Request a summary of an entry that was split by `split_entry`.

    `salience` has one value per sentence; None if the sentences could not be classified.
    """
    return SummaryRequest(
        entry.plain.text, max_sentences, salience, focus, sentences=tuple(entry.texts)
    )


def probabilities_by_text(
    entry: SplitEntry, sentence_probabilities: Sequence[Probabilities]
) -> dict[str, Probabilities]:
    """Probabilities of the entry's sentences by their text."""
    return dict(zip(entry.texts, sentence_probabilities, strict=True))


def unclassified(summary: Summary, known: Mapping[str, Probabilities]) -> list[str]:
    """Sentences of the summary that are not in `known`."""
    return [text for text in _sentence_texts(summary) if text not in known]


def interpret_summary(
    calibration: EmotionCalibration,
    summary: Summary,
    known: Mapping[str, Probabilities],
    threshold: float | None = None,
) -> SummaryResult:
    """Decide which emotions a summary has; `known` has the probabilities of all its sentences."""
    texts = _sentence_texts(summary)
    probabilities = calibration.aggregate(
        [known[text] for text in texts], [len(text) for text in texts]
    )
    return SummaryResult(summary, calibration.interpret(probabilities, threshold))


def _sentence_texts(summary: Summary) -> list[str]:
    return [sentence.text for sentence in split_sentences(summary.text)]
