"""Evaluations compute what the service's pipeline computes: split, classify, aggregate, decide."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from runners.batching import Batcher
from runners.errors import InvalidRequest
from runners.fakes import FakeEmotionClassifier, FakeSummarizer, FakeTranscriber
from runners.summarizer.summary import SummaryRequest
from samo.insight.entry import interpret_entry, split_entry
from samo.insight.pipeline import Pipeline
from training.emotion.metrics import decide_labels
from training.emotion.served import classify_entries, entry_probabilities
from training.summarizer.pipeline import SummaryPipeline

SENTENCES = ("I feel joy.", "We had soup.", "My **anger** grew.", "There was sadness.")
TEXTS = [
    "I felt joy today.",
    "*joy* and <b>anger</b>",  # markup is removed
    " ".join(SENTENCES * 8),  # too long to be classified without splitting
    "joy\n\nsadness\n\n- anger",
]


@pytest.fixture
def pipeline():
    class Watched(FakeSummarizer):
        def prepare(self, item):
            requests.append(item)
            return super().prepare(item)

    requests: list[SummaryRequest] = []
    runners: list[Any] = [FakeTranscriber(), FakeEmotionClassifier(), Watched()]
    transcriber, emotion, summarizer = batchers = [
        Batcher(type(runner).__name__, runner, max_batch_cost=1000, max_wait_seconds=60)
        for runner in runners
    ]
    pipeline: Any = Pipeline(transcriber, emotion, summarizer, FakeEmotionClassifier().calibration)
    pipeline.requests = requests
    yield pipeline
    for batcher in batchers:
        batcher.close()


def test_texts_are_classified_as_by_predict(pipeline):
    classifier: Any = FakeEmotionClassifier()
    served = asyncio.run(pipeline.classify(TEXTS))
    np.testing.assert_array_equal(entry_probabilities(classifier, TEXTS), np.stack(served))
    decided = decide_labels(classifier.calibration, served)
    for row, probabilities in zip(decided, served, strict=True):
        names = {emotion.name for emotion in classifier.calibration.decide(probabilities)}
        assert {classifier.calibration.labels[i] for i in np.flatnonzero(row)} == names


@pytest.mark.parametrize("text", TEXTS)
def test_entries_are_interpreted_as_by_the_journal_routes(pipeline, text):
    classifier: Any = FakeEmotionClassifier()
    (classified,) = classify_entries(classifier, [text], split_entry)
    insight = asyncio.run(pipeline.analyze(text, generate_summary=False, threshold=None))
    assert interpret_entry(classifier.calibration, classified) == insight.emotions


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("focus", ["core", "feeling", "gist"])
def test_summaries_are_requested_as_by_the_service(pipeline, text, focus):
    fakes: list[Any] = [FakeSummarizer(), FakeEmotionClassifier()]
    evaluated = SummaryPipeline(*fakes)
    summary = asyncio.run(pipeline.summarize(text, 2, focus)).result
    assert pipeline.requests == [evaluated.request(text, 2, focus)]
    assert evaluated.summarize(text, 2, focus) == summary.summary


def test_a_text_with_only_markup_is_refused():
    classifier: Any = FakeEmotionClassifier()
    with pytest.raises(InvalidRequest, match="only markup"):
        classify_entries(classifier, ["joy", "<b></b>"])
