"""An A/B experiment of the service, with fake models."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from runners.errors import StartError
from runners.fakes import FakeEmotionClassifier
from samo.ab import loading
from samo.ab.assignment import assign
from samo.ab.shadow import MAX_WAITING_PASSAGES
from samo.experiment import create_experiment, load_variant_b
from samo.factory import create_models
from samo.monitoring import ab_metrics, metrics
from samo.settings import Settings
from tests.conftest import running

B = "samo-emotion:b"
USERS = [f"user-{number}" for number in range(40)]


def predict(client, text="joy", **headers):
    return client.post("/predict", json={"text": text}, headers=headers)


class Grumpy(FakeEmotionClassifier):
    """Finds anger in every text."""

    def _classify(self, text):
        probabilities = super()._classify(text)
        probabilities[self.calibration.labels.index("anger")] = 0.95
        return probabilities


@pytest.fixture
def serve(monkeypatch):
    """Run the service with another variant b."""

    def start(variant=Grumpy, **settings):
        monkeypatch.setattr(loading, "FakeEmotionClassifier", variant)
        return running(Settings(runners="fake", ab_model=B, **settings))

    return start


def passages(result):
    return ab_metrics.shadow_passages.labels(result)._value.get()


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_share_of_the_people_gets_b_and_keeps_it(serve):
    with serve(ab_share=0.3, ab_header="X-User-ID") as client:
        answers = [[predict(client, **{"X-User-ID": user}) for user in USERS] for _ in range(2)]
    variants = [[answer.headers["x-samo-variant"] for answer in round_] for round_ in answers]
    assert variants[0] == variants[1]
    assert variants[0].count("b") == sum(assign(B, f"user::{user}", 0.3) == "b" for user in USERS)
    for answer in answers[0]:
        is_b = answer.headers["x-samo-variant"] == "b"
        assert answer.headers["x-samo-model"] == (B if is_b else "fake")
        labels = [emotion["emotion"] for emotion in answer.json()["emotions"]]
        assert labels == (["anger", "joy"] if is_b else ["joy"])


def test_every_route_with_emotions_is_answered_by_one_variant(serve):
    requests = {
        "/predict": {"text": "joy", "explain": True},
        "/predict_batch": {"texts": ["joy"]},
        "/summarize/text": {"text": "I felt joy. Then I slept."},
        "/analyze/journal": {"text": "I felt joy. Then I slept."},
    }
    with serve(ab_share=1.0) as client:
        answers = {path: client.post(path, json=body) for path, body in requests.items()}
        health, status = client.get("/health"), client.get("/models/status")
    for answer in answers.values():
        assert answer.headers["x-samo-variant"] == "b"
        assert "anger" in answer.text
    assert answers["/analyze/journal"].json()["models"]["emotion"] == B
    assert health.json()["models"]["emotion_b"] is True
    assert (status.json()["emotion"]["tag"], status.json()["emotion_b"]["tag"]) == ("fake", B)
    assert "x-samo-model" not in health.headers


def test_a_request_without_the_header_gets_a_and_does_not_count(serve):
    def counted():
        (metric,) = ab_metrics.requests.collect()
        return sum(sample.value for sample in metric.samples)

    with serve(ab_share=1.0, ab_header="X-User-ID") as client:
        before = counted()
        answers = [predict(client), predict(client, **{"X-User-ID": "  "})]
        assert counted() == before
        predict(client, **{"x-user-id": "anna"})
        assert counted() == before + 1
    for answer in answers:
        assert answer.headers["x-samo-model"] == "fake"
        assert "x-samo-variant" not in answer.headers


def test_the_metrics_have_the_variant(serve):
    with serve(ab_share=1.0) as client:
        predict(client)
        predict(client, text="")  # refused before the model is asked
        text = client.get("/metrics").text
    assert 'samo_ab_requests_total{outcome="ok",variant="b"}' in text
    assert 'outcome="refused",variant="b"' not in text
    assert 'samo_model_ready{model="emotion_b"} 1.0' in text
    assert f'samo_model_info{{model="emotion_b",tag="{B}"}} 1.0' in text


def test_without_an_experiment_the_model_is_named(client):
    answer = predict(client)
    assert answer.headers["x-samo-model"] == "fake"
    assert "x-samo-variant" not in answer.headers


def test_b_that_is_a_refuses_the_start():
    settings = Settings(runners="fake", ab_model="fake")
    with pytest.raises(StartError, match="serves already"), running(settings):
        pass


class TestShadow:
    def test_a_answers_and_b_is_compared(self, serve):
        before = {result: passages(result) for result in ("same", "different")}
        with serve(ab_mode="shadow", ab_share=1.0) as client:
            answers = [predict(client, text=text) for text in ("joy", "anger", "joy")]
            wait_for(lambda: passages("same") + passages("different") == sum(before.values()) + 3)
        assert {answer.headers["x-samo-model"] for answer in answers} == {"fake"}
        assert "x-samo-variant" not in answers[0].headers  # nobody's feedback is about b
        assert answers[0].json()["emotions"] == [{"emotion": "joy", "confidence": 0.9}]
        assert passages("same") == before["same"] + 1
        assert passages("different") == before["different"] + 2
        assert ab_metrics.shadow_label("anger", "b")._value.get() >= 2

    def test_only_the_share_of_callers_is_compared(self, serve):
        def compared():
            return passages("same") + passages("different")

        before, share = compared(), 0.5
        expected = sum(assign(B, f"user::{user}", share) == "b" for user in USERS[:20])
        with serve(ab_mode="shadow", ab_share=share, ab_header="X-User-ID") as client:
            for user in USERS[:20]:
                predict(client, **{"X-User-ID": user})
            wait_for(lambda: compared() == before + expected)

    def test_b_that_raises_changes_nothing(self, serve):
        class Broken(FakeEmotionClassifier):
            def predict(self, batch):
                raise RuntimeError("b is broken")

        before = passages("failed")
        with serve(Broken, ab_mode="shadow", ab_share=1.0) as client:
            answers = [predict(client) for _ in range(5)]
            wait_for(lambda: passages("failed") == before + 5)
            ready = client.get("/readyz")
        assert [answer.status_code for answer in answers] == [200] * 5
        assert ready.status_code == 200
        assert ready.json()["models"] == {
            "transcriber": "ready", "emotion": "ready", "summarizer": "ready",
            "emotion_b": "failing",
        }  # fmt: skip

    def test_a_does_not_wait_for_b_and_drops_are_counted(self, serve):
        release = threading.Event()

        class Slow(FakeEmotionClassifier):
            def predict(self, batch):
                release.wait()
                return super().predict(batch)

        before = passages("dropped")
        with serve(Slow, ab_mode="shadow", ab_share=1.0) as client:
            try:
                texts = [f"joy {number}" for number in range(128)]
                for _ in range(MAX_WAITING_PASSAGES // 128):
                    assert client.post("/predict_batch", json={"texts": texts}).status_code == 200
                assert passages("dropped") == before
                assert predict(client).json()["emotions"][0]["emotion"] == "joy"
                assert passages("dropped") == before + 1
            finally:
                release.set()

    def test_b_is_not_charged_to_the_caller(self, serve):
        """A limit of computing counts variant a alone."""
        before = metrics.batch_seconds.labels("emotion_b")._sum.get()

        class Costly(FakeEmotionClassifier):
            def predict(self, batch):
                time.sleep(1.1)
                return super().predict(batch)

        with serve(
            Costly, ab_mode="shadow", ab_share=1.0, compute_limit="1/hour", max_live_sessions=0
        ) as client:
            assert predict(client).status_code == 200
            wait_for(lambda: metrics.batch_seconds.labels("emotion_b")._sum.get() > before)
            assert predict(client).status_code == 200


class Stored:
    """A model of the store."""

    def __init__(self, folder, metadata=None):
        self.path, self.tag = str(folder), B
        self.info = type("Info", (), {"metadata": metadata or {}})


@pytest.fixture
def stored(monkeypatch, tmp_path):
    """A damaged emotion model."""
    for name in ("model.onnx", "tokenizer.json", "calibration.json"):
        (tmp_path / name).write_text("{}")
    model = Stored(tmp_path)
    monkeypatch.setattr(loading, "find_tag", lambda tag: model)
    return model


def test_b_that_cannot_be_loaded_is_left_out(stored, caplog):
    loaded = loading.load_variant(Settings(ab_model=B), B, "samo-emotion:a")
    assert (loaded.tag, loaded.runner) == (B, None)
    assert "variant a answers all requests" in caplog.text


def test_b_that_was_changed_is_left_out(stored, caplog):
    stored.info.metadata = {"sha256": {"model.onnx": "0" * 64}}
    assert loading.load_variant(Settings(ab_model=B), B, "samo-emotion:a").runner is None
    assert "was changed since it was exported" in caplog.text


def test_while_b_is_unavailable_a_answers_all_requests(monkeypatch):
    monkeypatch.setattr(
        "samo.experiment.load_variant", lambda *_: loading.LoadedVariant(B, {}, None)
    )
    with running(Settings(runners="fake", ab_model=B, ab_share=1.0)) as client:
        answer, ready = predict(client), client.get("/readyz")
        health = client.get("/health").json()
        text = client.get("/metrics").text
    assert answer.headers["x-samo-model"] == "fake"
    assert "x-samo-variant" not in answer.headers
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["models"]["emotion_b"] == "unavailable"
    assert (health["status"], health["models"]["emotion_b"]) == ("degraded", False)
    assert 'samo_model_ready{model="emotion_b"} 0.0' in text


def test_a_tag_that_is_not_stored_refuses_the_start():
    for tag in ("samo-emotion:nonesuch", "samo-nothing"):
        with pytest.raises(StartError, match=r"SAMO_AB_MODEL cannot be used: .*not in the model"):
            loading.load_variant(Settings(ab_model=tag), tag, "samo-emotion:a")


def test_a_model_of_another_kind_refuses_the_start(stored, tmp_path):
    (tmp_path / "calibration.json").unlink()
    with pytest.raises(StartError, match="no emotion model"):
        loading.load_variant(Settings(ab_model=B), B, "samo-emotion:a")


def test_the_probabilities_of_b_do_not_reach_drift(serve):
    """The reference of drift was made with variant a."""
    seen = []

    class Monitor:
        def observe_text(self, passages, probabilities):
            seen.append(np.argmax(probabilities[0]))

        def observe_recording(self, levels, language):
            pass

    def start(settings, models):
        models.pipeline.observe(Monitor())
        from samo.drift.creation import DriftOff

        return DriftOff("replaced")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.observe_drift", start)
        with serve(ab_share=0.5, ab_header="X-User-ID") as client:
            variants = [
                predict(client, **{"X-User-ID": user}).headers["x-samo-variant"]
                for user in USERS[:20]
            ]
    assert len(seen) == variants.count("a")


@pytest.fixture
def models():
    """The models of a service with an experiment."""
    settings = Settings(runners="fake", ab_model=B, ab_share=1.0, max_live_sessions=0)
    models = create_models(settings, pytest.fail)  # fake runners are not in the store
    load_variant_b(settings, models)
    yield settings, models
    models.close()


def test_another_promoted_a_goes_on_with_the_experiment(models):
    settings, former = models
    promoted = replace(former, tags=former.tags | {"emotion": "samo-emotion:promoted"})
    experiment = create_experiment(settings, promoted)
    assert experiment is not None
    assert experiment.models is promoted
    assert experiment.chosen is not None
    assert experiment.chosen.pipeline.emotion is former.variant_b.emotion
    assert experiment.chosen.tags["emotion"] == B


def test_the_promotion_of_b_ends_the_experiment(models, caplog):
    settings, former = models
    assert create_experiment(settings, replace(former, tags=former.tags | {"emotion": B})) is None
    assert "the experiment has ended" in caplog.text
