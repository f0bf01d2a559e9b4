"""The pure functions between the models, without a pipeline: as evaluations call them."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from runners.batching import Batcher
from runners.errors import InvalidRequest
from runners.fakes import FakeEmotionClassifier, FakeSummarizer, FakeTranscriber
from runners.summarizer.summary import Summary
from runners.transcriber.transcript import Segment, SpokenWord, Transcript
from samo.insight.arc import arc
from samo.insight.entry import (
    MAX_UNSPLIT_CHARACTERS,
    aggregate,
    interpret_entry,
    regroup,
    salience,
    sentence_texts,
    split_entry,
    split_text,
)
from samo.insight.pipeline import Pipeline
from samo.insight.summary import (
    interpret_summary,
    probabilities_by_text,
    summary_request,
    unclassified,
)

ENTRY = "I woke up full of <b>joy</b>. Then came anger! The bus left at seven."


@pytest.fixture
def classifier():
    return FakeEmotionClassifier()


def classify(classifier, texts):
    return classifier.predict([classifier.prepare(text) for text in texts])


def classified_entry(classifier, text):
    entry = split_entry(text)
    return aggregate(classifier.calibration, entry, classify(classifier, entry.texts))


def test_a_short_text_is_split_for_an_entry_only():
    assert len(split_entry(ENTRY).sentences) == 3
    assert split_text(ENTRY).texts == [split_entry(ENTRY).plain.text]
    long_text = "Such a day. " * (MAX_UNSPLIT_CHARACTERS // 12 + 1)
    assert split_text(long_text) == split_entry(long_text)
    # an emoji is spelled out for the classifier, so fewer of them fit into one input
    assert len(split_text("\N{GRINNING FACE}" * 40).sentences) > 1


def test_outputs_are_grouped_by_entry():
    entries = [split_entry(text) for text in ("One. Two.", "<p></p>", "Three.")]
    texts = sentence_texts(entries)
    assert texts == ["One.", "Two.", "Three."]
    assert regroup(entries, map(str.upper, texts)) == [["ONE.", "TWO."], [], ["THREE."]]


def test_an_entry_of_markup_has_no_probabilities(classifier):
    with pytest.raises(InvalidRequest, match="only markup"):
        aggregate(classifier.calibration, split_entry("<p></p>"), [])


def test_sentences_are_those_of_the_entry_as_it_was_sent(classifier):
    emotions = interpret_entry(classifier.calibration, classified_entry(classifier, ENTRY))
    sentences = [one.sentence for one in emotions.sentences]
    assert [one.text for one in sentences] == [
        "I woke up full of <b>joy</b>.", "Then came anger!", "The bus left at seven.",
    ]  # fmt: skip
    assert all(ENTRY[one.start : one.end] == one.text for one in sentences)
    assert [one.prediction.primary.name for one in emotions.sentences] == [
        "joy", "anger", "neutral",
    ]  # fmt: skip
    assert {group.name for group in emotions.groups.ekman} == {
        emotion.name for emotion in emotions.prediction.emotions
    }


def test_salience_is_how_much_a_sentence_shows_what_is_felt(classifier):
    classified = classified_entry(classifier, "I felt joy. The bus left. Such anger!")
    labels = classifier.calibration.labels
    classified.entry_probabilities[labels.index("anger")] = 0.0
    joy, neutral, anger = salience(classifier.calibration, classified)
    assert joy > anger > neutral
    assert joy == pytest.approx((0.99 + 0.9) / 2)
    assert anger == pytest.approx((0.99 + 0.01) / 2)
    neutral_entry = classified_entry(classifier, "The bus left. It was seven.")
    assert salience(classifier.calibration, neutral_entry) == pytest.approx([0.1, 0.1])


def test_only_new_sentences_of_a_summary_are_classified(classifier):
    classified = classified_entry(classifier, ENTRY)
    known = probabilities_by_text(classified.split, classified.sentence_probabilities)
    summary = Summary("Then came anger! I felt sadness.", "generated", (1,))
    assert unclassified(summary, known) == ["I felt sadness."]
    known |= zip(["I felt sadness."], classify(classifier, ["I felt sadness."]), strict=True)
    prediction = interpret_summary(classifier.calibration, summary, known).prediction
    assert prediction is not None
    assert {emotion.name for emotion in prediction.emotions} == {"anger", "sadness"}


def test_the_summarizer_gets_the_sentences_without_markup():
    entry = split_entry(ENTRY)
    request = summary_request(entry, [0.9, 0.9, 0.1], max_sentences=2, focus="gist")
    assert request.sentences == tuple(entry.texts)
    assert request.text == entry.plain.text
    assert "<b>" not in request.text
    assert (request.max_sentences, request.focus) == (2, "gist")


def test_the_pipeline_computes_the_same(classifier):
    texts = [ENTRY, "joy", "Much anger. " * 30]

    async def serve():
        runners: list[Any] = [FakeTranscriber(), classifier, FakeSummarizer()]
        transcriber, emotion, summarizer = batchers = [
            Batcher("fake", runner, max_batch_cost=1000, max_wait_seconds=1) for runner in runners
        ]
        try:
            pipeline = Pipeline(transcriber, emotion, summarizer, classifier.calibration)
            insight = await pipeline.analyze(ENTRY, generate_summary=False, threshold=None)
            return await pipeline.classify(texts), insight
        finally:
            for batcher in batchers:
                batcher.close()

    served, insight = asyncio.run(serve())
    for text, probabilities in zip(texts, served, strict=True):
        entry = split_text(text)
        classified = aggregate(classifier.calibration, entry, classify(classifier, entry.texts))
        assert np.array_equal(probabilities, classified.entry_probabilities)
    expected = interpret_entry(classifier.calibration, classified_entry(classifier, ENTRY))
    assert insight.emotions == expected
    assert [point.emotions for point in insight.arc] == expected.sentences


def test_sentences_of_a_transcript_have_the_times_of_their_words(classifier):
    words = tuple(
        SpokenWord(f" {text}", float(second), second + 0.5, 0.9)
        for second, text in enumerate(["Such", "joy.", "Then", "no", "joy."])
    )
    segment = Segment(0, 0.0, 5.0, " Such joy. Then no joy.", -0.1, 0.0, 1.0, 0.0, (), words)
    transcript = Transcript("Such joy. Then no joy.", "en", 1.0, 5.0, 0.9, False, (segment,))
    classified = classified_entry(classifier, transcript.text)
    sentences = interpret_entry(classifier.calibration, classified).sentences
    times = [(point.start_seconds, point.end_seconds) for point in arc(sentences, transcript)]
    assert times == [(0.0, 1.5), (2.0, 4.5)]
    assert [point.start_seconds for point in arc(sentences, None)] == [None, None]
