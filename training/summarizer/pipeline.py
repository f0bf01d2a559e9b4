"""Summarize entries exactly as the service does, without its batchers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runners.emotion.calibration import Probabilities
from runners.emotion.classifier import EmotionClassifier
from runners.summarizer.summarizer import Summarizer
from runners.summarizer.summary import Focus, Summary, SummaryRequest
from samo.insight.entry import aggregate, salience, split_entry
from samo.insight.summary import summary_request


class SummaryPipeline:
    """The classifier and the summarizer with the pure functions of `samo.insight`."""

    def __init__(self, summarizer: Summarizer, classifier: EmotionClassifier) -> None:
        self.summarizer = summarizer
        self.calibration = classifier.calibration
        self._classifier = classifier
        self._known: dict[str, Probabilities] = {}

    def _classify(self, texts: Sequence[str]) -> list[Probabilities]:
        """Probabilities of each text; a text is classified only once."""
        unknown = sorted({text for text in texts if text not in self._known}, key=len)
        if unknown:
            prepared = [self._classifier.prepare(text) for text in unknown]
            self._known |= zip(unknown, self._classifier.predict(prepared), strict=True)
        return [self._known[text] for text in texts]

    def request(self, text: str, max_sentences: int, focus: Focus = "core") -> SummaryRequest:
        """Split and classify an entry; return the request to the summarizer."""
        entry = split_entry(text)
        classified = aggregate(self.calibration, entry, self._classify(entry.texts))
        values = salience(self.calibration, classified)
        return summary_request(entry, values, max_sentences=max_sentences, focus=focus)

    def run(self, request: SummaryRequest) -> Summary:
        """Run the summarizer on one request."""
        return self.summarizer.predict([self.summarizer.prepare(request)])[0]

    def summarize(self, text: str, max_sentences: int, focus: Focus = "core") -> Summary:
        """Summarize an entry."""
        return self.run(self.request(text, max_sentences, focus))

    def labels(self, text: str) -> list[str]:
        """All labels of an entry or a summary, the most probable first; none without words."""
        entry = split_entry(text)
        if not entry.sentences:
            return []
        classified = aggregate(self.calibration, entry, self._classify(entry.texts))
        names = self.calibration.labels
        order = np.argsort(-classified.entry_probabilities[: len(names)])
        return [names[index] for index in order]
