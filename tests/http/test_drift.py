"""GET /monitoring/drift, and the window as a reference."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from samo.access.scopes import required_scopes
from samo.settings import Settings
from tests.conftest import running
from tests.drift import texts, write
from tests.http.errors import error_of


@pytest.fixture(scope="module")
def drifting(tmp_path_factory):
    """A service with fake models, a reference, and a window of 100 texts."""
    path = write(tmp_path_factory.mktemp("drift") / "drift.json")
    with running(Settings(runners="fake", drift_reference=path, drift_window=100)) as client:
        yield client


def observed(client, number):
    """The report when the window has this many texts."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        report = client.get("/monitoring/drift").json()
        if report["windows"]["texts"]["count"] == number:
            return report
        time.sleep(0.02)
    pytest.fail(f"the window does not reach {number} texts")


def test_texts_of_all_routes_are_observed_once_each(drifting):
    before = drifting.get("/monitoring/drift").json()
    assert (before["state"], before["reason"], before["shared"]) == ("on", None, False)
    assert before["windows"]["texts"]["count"] == 0
    assert before["windows"]["texts"]["features"][0]["score"] is None
    assert before["source"] == "tests"
    message = "The windows have too few"
    error = error_of(drifting.get("/monitoring/drift/reference"), 409)
    assert error["code"] == "drift_unavailable"
    assert error["message"].startswith(message)

    some = texts(100, seed=7)
    for text in some[:3]:
        drifting.post("/predict", json={"text": text, "explain": True})
        drifting.post("/analyze/journal", json={"text": f"{text}. {text}."})
        drifting.post("/summarize/text", json={"text": text})
    waiting = drifting.get("/monitoring/drift").json()["windows"]["texts"]
    assert (waiting["count"], waiting["pending"]) == (0, 9)
    drifting.post("/predict_batch", json={"texts": [" ", *some[9:]]})  # a blank one is refused
    report = observed(drifting, 100)
    assert report["alarms"] == []
    capitals = next(
        one for one in report["windows"]["texts"]["features"] if one["name"] == "capitals"
    )
    assert capitals["p_value"] > 0.01
    assert sum(one["window"] for one in capitals["bins"]) == pytest.approx(1, abs=0.01)


def test_other_texts_raise_alarms(drifting):
    drifting.post("/predict_batch", json={"texts": [text.upper() for text in texts(100, seed=8)]})
    deadline = time.monotonic() + 20
    while not (report := drifting.get("/monitoring/drift").json())["alarms"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert report["alarms"] == ["capitals"]
    (capitals,) = (
        one for one in report["windows"]["texts"]["features"] if one["name"] == "capitals"
    )
    assert capitals["alarm"]
    assert capitals["score"] > report["threshold"]
    assert capitals["p_value"] < report["significance"]
    since = datetime.fromisoformat(capitals["since"])
    assert abs((datetime.now(UTC) - since).total_seconds()) < 60

    metrics = drifting.get("/metrics").text
    assert 'samo_drift_alarm{feature="capitals"} 1.0' in metrics
    assert 'samo_drift_alarm{feature="characters"} 0.0' in metrics
    assert 'samo_drift_score{feature="capitals"}' in metrics
    assert 'samo_drift_observations_total{bin="+Inf",feature="capitals"}' in metrics
    assert 'samo_drift_reference_share{bin="0",feature="capitals"} 0.999' in metrics


def test_the_window_is_a_reference_without_texts(drifting, tmp_path):
    response = drifting.get("/monitoring/drift/reference")
    assert response.headers["content-type"] == "application/json"
    assert "joy joy" not in response.text.lower()
    path = tmp_path / "own.json"
    path.write_bytes(response.content)
    with running(Settings(runners="fake", drift_reference=path)) as client:
        assert client.get("/monitoring/drift").json()["source"].startswith("traffic: 100 texts")


def test_recordings_are_observed(drifting, recording):
    features = {one["name"] for one in drifting.get("/monitoring/drift").json()["windows"][
        "recordings"]["features"]}  # fmt: skip
    assert features == {"audio_level", "audio_noise", "audio_language"}
    for _ in range(10):
        drifting.post("/transcribe/voice", files={"file": ("a.flac", recording)})
    deadline = time.monotonic() + 20
    while drifting.get("/monitoring/drift").json()["windows"]["recordings"]["count"] != 10:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_without_a_reference_it_is_off_and_says_so(client):
    report = client.get("/monitoring/drift").json()
    assert (report["state"], report["windows"], report["alarms"]) == ("off", {}, [])
    assert "no drift.json" in report["reason"]
    error = error_of(client.get("/monitoring/drift/reference"), 409)
    assert error["code"] == "drift_unavailable"


def test_it_needs_the_scope_monitoring():
    assert required_scopes("/monitoring/drift") == {"monitoring"}
    assert required_scopes("/monitoring/drift/reference") == {"monitoring"}
