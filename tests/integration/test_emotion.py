from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest

from runners.base import GoldenMismatchError
from runners.batching import Batcher
from runners.emotion.classifier import (
    MAX_TOKENS,
    EmotionClassifier,
    OccludedText,
    TextWithWords,
)
from runners.fakes import FakeSummarizer, FakeTranscriber
from samo.insight.pipeline import Pipeline
from samo.insight.words import split_words
from tests.conftest import ROOT

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def classifier(emotion_folder):
    return EmotionClassifier.load(emotion_folder, threads=2)


@pytest.mark.parametrize(
    ("text", "emotion"),
    [
        ("Thank you so much for staying with me last night.", "gratitude"),
        ("I am furious that they lied to us again.", "anger"),
        ("My grandmother died on Tuesday and the house is so quiet.", "sadness"),
        ("The bus leaves at seven and takes forty minutes.", "neutral"),
        ("I'm so sorry, I should never have said that.", "remorse"),
        ("I love you more than I can say.", "love"),
        ("so happy😀", "joy"),
        ("Nobody at work said a word to me all day.", "sadness"),
    ],
)
def test_labels_of_typical_texts(classifier, text, emotion):
    (row,) = classifier.predict([classifier.prepare(text)])
    assert emotion in [e.name for e in classifier.calibration.decide(row)]


@pytest.mark.parametrize(
    ("text", "moods"),
    [
        ("I am so tired that I can hardly keep my eyes open.", ["tired"]),
        ("The bus leaves at seven and takes forty minutes.", []),
    ],
)
def test_moods_of_typical_texts(classifier, text, moods):
    (row,) = classifier.predict([classifier.prepare(text)])
    assert [mood.name for mood in classifier.calibration.decide_moods(row)] == moods


def test_there_is_a_probability_for_each_output(classifier):
    (row,) = classifier.predict([classifier.prepare("I love it.")])
    assert row.shape == (len(classifier.calibration.outputs),) == (28 + 12 + 3,)
    assert row.dtype == np.float32


def test_long_texts_are_truncated(classifier):
    assert len(classifier.prepare("我" * 5000)) == MAX_TOKENS
    assert np.isfinite(classifier.predict([classifier.prepare("我" * 5000)])).all()
    assert np.isfinite(classifier.predict([classifier.prepare("\x00")])).all()


def test_special_tokens_in_a_text_are_plain_text(classifier):
    ids = classifier.prepare("<s> <pad> </s> <unk> [UNK] <mask>")
    assert not np.isin(ids[1:-1], [ids[0], ids[-1], classifier.mask_id]).any()


def test_occlusion_keeps_the_other_tokens(classifier):
    text = "I was unhappily naïve 😀 我"
    shown = classifier.prepare(text)
    start = text.index("unhappily")
    hidden = classifier.prepare(
        OccludedText(text, ((start, start + 9), (len(text) - 1, len(text))))
    )
    assert len(hidden) == len(shown)
    assert (hidden == classifier.mask_id).sum() == (hidden != shown).sum()
    (positions,) = np.nonzero(hidden == classifier.mask_id)
    assert positions.tolist() == [*range(3, positions[-2] + 1), len(shown) - 2]


def _with_words(text):
    return TextWithWords(text, tuple((word.start, word.end) for word in split_words(text)))


@pytest.mark.parametrize(
    ("text", "emotion", "word"),
    [
        ("On Monday Priya told me that the funeral is at nine.", "sadness", "funeral"),
        ("My sister passed her driving test and I am so proud of her.", "pride", "proud"),
        ("well that was awkward 😳 in front of the whole office", "embarrassment", "awkward"),
    ],
)
def test_the_word_that_a_reader_would_name_is_the_likeliest_reason(classifier, text, emotion, word):
    item = _with_words(text)
    plain, alone = (classifier.predict([classifier.prepare(one)])[0] for one in (text, item))
    batch = [classifier.prepare(one) for one in (text, "A longer text. " * 9, item)]
    plain_in_batch, _, reasons = classifier.predict(batch)
    assert np.array_equal(plain, plain_in_batch)
    assert reasons.shape == (len(item.words), 28)
    assert reasons.dtype == np.float32
    assert np.allclose(reasons, alone, atol=1e-4)
    start, end = item.words[reasons[:, classifier.calibration.labels.index(emotion)].argmax()]
    assert text[start:end] == word


def test_a_word_beyond_the_last_token_is_no_reason(classifier):
    text = f"{'我' * MAX_TOKENS} sad"
    reasons = classifier.predict([classifier.prepare(_with_words(text))])[0]
    assert len(reasons) == MAX_TOKENS + 1
    assert (reasons[-1] == 0.0).all()
    assert classifier.predict([classifier.prepare(_with_words(""))])[0].shape == (0, 28)


def test_without_a_reason_head_no_word_is_a_likely_reason(emotion_folder, tmp_path):
    shutil.copytree(emotion_folder, tmp_path / "model")
    path = tmp_path / "model" / "model.onnx"
    model = onnx.load(path, load_external_data=False)
    del model.graph.output[1]
    onnx.save(model, path)
    classifier = EmotionClassifier.load(tmp_path / "model", threads=1)
    (reasons,) = classifier.predict([classifier.prepare(_with_words("So sad today"))])
    assert reasons.shape == (3, 28)
    assert (reasons == 0.0).all()


@pytest.mark.parametrize(
    ("text", "emotion", "word"),
    [
        ("I finally saw my cousins after ten years and was so happy I cried.", "joy", "happy"),
        (f"{'The bus leaves at seven. ' * 12}I am furious at them.", "anger", "furious"),
    ],
    ids=["whole", "by sentence"],
)
def test_the_word_that_carries_an_emotion_is_named_first(classifier, text, emotion, word):
    def batcher(runner):
        return Batcher("some", runner, max_batch_cost=1024, max_wait_seconds=60)

    async def explain():
        pipeline = Pipeline(
            batcher(FakeTranscriber()), batcher(classifier), batcher(FakeSummarizer()),
            classifier.calibration,
        )  # fmt: skip
        try:
            return await pipeline.explain(text, None, None)
        finally:
            for part in (pipeline.transcriber, pipeline.emotion, pipeline.summarizer):
                part.close()

    _, explanations = asyncio.run(explain())
    (first, *_) = next(e for e in explanations if e.emotion == emotion).words
    assert first.word.text == text[first.word.start : first.word.end] == word


def test_another_output_for_the_golden_sample_is_refused_at_start(emotion_folder, tmp_path):
    shutil.copytree(emotion_folder, tmp_path, dirs_exist_ok=True)
    EmotionClassifier.load(tmp_path, threads=1).warm_up()
    golden = json.loads((tmp_path / "golden.json").read_text())
    golden["probabilities"][0] = 1.0 - golden["probabilities"][0]
    (tmp_path / "golden.json").write_text(json.dumps(golden))
    with pytest.raises(GoldenMismatchError, match="--precision fp32"):
        EmotionClassifier.load(tmp_path, threads=1).warm_up()


def test_a_cpu_on_which_results_depend_on_the_batch_is_logged(emotion_folder, caplog):
    class Unsteady(EmotionClassifier):
        def predict_single_threaded(self, batch):
            return [row + np.float32(1e-6) for row in super().predict_single_threaded(batch)]

    EmotionClassifier.load(emotion_folder, threads=1).warm_up()
    assert not caplog.records
    Unsteady.load(emotion_folder, threads=1).warm_up()
    (record,) = caplog.records
    assert "depend on its batch: they differ by 1e-06" in record.getMessage()


def test_onnxruntime_leaves_no_device_id_behind(emotion_folder, tmp_path):
    code = (
        "import sys; from pathlib import Path; "
        "from runners.emotion.classifier import EmotionClassifier as E;"
        "c = E.load(Path(sys.argv[1]), threads=1); c.warm_up()"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))}
    subprocess.run(
        [sys.executable, "-c", code, str(emotion_folder)],
        cwd=ROOT, env={**environment, "HOME": str(tmp_path)}, check=True,
    )  # fmt: skip
    assert list(tmp_path.rglob("*")) == []
