"""A text gets the same probabilities to the last bit, whatever is computed with it."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import numpy as np
import pytest

from exporting.emotion import PARITY_SENTENCES
from runners.batching import Batcher
from runners.emotion.classifier import EmotionClassifier, OccludedText
from samo.batchers import EMOTION_BATCH_TOKENS
from tests.conftest import ROOT

pytestmark = pytest.mark.models

# From 3 tokens to about 200, in several scripts, with hidden words and with extreme activations.
ITEMS = (
    *PARITY_SENTENCES,
    "Why?",
    "so happy😀😀😀",
    "我今天很难过",
    "AAAAAAAH!!!! WHY???? @@@ ### http://example.org/?q=1",
    "I waited for the bus, and it rained, and nobody said a word to me. " * 3,
    "I am so, so tired of all of this and I cannot sleep. " * 13,
    OccludedText("I am furious that they lied to us again.", ((5, 12),)),
    OccludedText("I am furious that they lied to us again.", ((18, 22),)),
)
COMPANIONS = (ROOT / "loadtests" / "texts.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def classifier(emotion_folder):
    return EmotionClassifier.load(emotion_folder, threads=2, parallel=True)


@pytest.fixture(scope="module")
def alone(classifier):
    """The probabilities of each of `ITEMS`, computed alone, shape (items, outputs)."""
    return np.stack([classifier.predict([classifier.prepare(item)])[0] for item in ITEMS])


def test_on_one_thread(classifier, alone):
    rows = [classifier.predict_single_threaded([classifier.prepare(item)])[0] for item in ITEMS]
    assert np.array_equal(rows, alone)


@pytest.mark.parametrize("batch_size", [2, 3, 5, 8, 32])
def test_in_batches_of_texts_of_any_length(classifier, alone, batch_size):
    rng = random.Random(batch_size)
    for item, expected in zip(ITEMS, alone, strict=True):
        batch: list[Any] = rng.choices([*COMPANIONS, *ITEMS], k=batch_size - 1)
        place = rng.randrange(batch_size)
        batch.insert(place, item)
        rows = classifier.predict([classifier.prepare(text) for text in batch])
        assert np.array_equal(rows[place], expected)


def test_in_one_batch_of_128(classifier, alone):
    items = [*ITEMS[:16], *(COMPANIONS * 128)[: 128 - 16]]
    random.Random(0).shuffle(items)
    prepared = [classifier.prepare(item) for item in items]
    for predict in (classifier.predict, classifier.predict_single_threaded):
        rows = predict(prepared)
        for item, expected in zip(ITEMS[:16], alone, strict=False):
            assert np.array_equal(rows[items.index(item)], expected)


@pytest.fixture
def batch_sizes():
    return []


@pytest.fixture
def batcher(classifier, batch_sizes):
    """As the service sets it up, on two cores."""
    batcher: Batcher[Any, Any, Any] = Batcher(
        "emotion",
        classifier,
        max_batch_cost=EMOTION_BATCH_TOKENS,
        max_wait_seconds=600,
        num_workers=2,
        on_batch=lambda batch: batch_sizes.append(len(batch.items)),
    )
    yield batcher
    batcher.close()


def test_under_64_parallel_requests(batcher, batch_sizes, alone):
    numbers = list(range(len(ITEMS))) * 8
    random.Random(0).shuffle(numbers)

    async def load():
        async def client():
            results = []
            while numbers:
                number = numbers.pop()
                results.append((number, await batcher.run_one(ITEMS[number])))
            return results

        return await asyncio.gather(*(client() for _ in range(64)))

    results = [result for client in asyncio.run(load()) for result in client]
    assert len(results) == 8 * len(ITEMS)
    assert max(batch_sizes) > 1
    for number, row in results:
        assert np.array_equal(row, alone[number])


def test_in_a_request_of_128_texts_next_to_others(batcher, batch_sizes, alone):
    items = [*ITEMS[:16], *(COMPANIONS * 128)[: 128 - 16]]
    random.Random(1).shuffle(items)

    async def load():
        return await asyncio.gather(
            batcher.run(items), *(batcher.run_one(text) for text in COMPANIONS[:8])
        )

    rows, *_ = asyncio.run(load())
    assert max(batch_sizes) > 1
    for item, expected in zip(ITEMS[:16], alone, strict=False):
        assert np.array_equal(rows[items.index(item)], expected)
