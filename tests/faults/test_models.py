"""A model that fails, is slow, or cannot be loaded: the others serve, and responses say so."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import openai
import pytest
import yaml

from tests.conftest import RECORDING, ROOT
from tests.e2e.conftest import serving
from tests.faults.conftest import ENTRY, eventually
from tests.http.errors import error_of

FAIL = {"fail": True}
SLOW = {"sleep_seconds": 1.5}


def post(server, path, **content):
    content = content or {"json": ENTRY}
    return server.client.post(path, **content)


def upload():
    return {"files": {"audio_file": ("entry.flac", RECORDING.read_bytes())}}


def states(server):
    return server.client.get("/readyz").json()["models"]


@pytest.fixture(autouse=True)
def ready_again(request):
    """The shared server is healthy again after a test: each model computes something."""
    yield
    if "faulty" in request.fixturenames:
        server = request.getfixturevalue("faulty")

        def is_ready():
            post(server, "/analyze/voice-journal", **upload())
            return server.client.get("/readyz").json()["status"] == "ready"

        eventually(is_ready)


@pytest.mark.parametrize("fault", [FAIL, SLOW], ids=["raises", "slow"])
def test_an_insight_without_its_summary(faulty, fault):
    complete = post(faulty, "/analyze/journal").json()
    assert complete["degraded"] == []
    with faulty.faults(summarizer=fault):
        response = post(faulty, "/analyze/journal")
        assert response.status_code == 200
        insight = response.json()
    assert insight["degraded"] == ["summary"]
    assert insight["summary"] is None
    assert insight["emotion_analysis"] == complete["emotion_analysis"]
    assert insight["arc"] == complete["arc"]
    assert faulty.client.post("/predict", json={"text": "joy"}).status_code == 200


@pytest.mark.parametrize("fault", [FAIL, SLOW], ids=["raises", "slow"])
def test_an_insight_without_its_emotions(faulty, fault):
    with faulty.faults(emotion=fault):
        spoken = post(faulty, "/analyze/voice-journal", **upload()).json()
    assert spoken["degraded"] == ["emotion"]
    assert spoken["transcription"]["text"] == "I felt joy for 11 seconds."
    assert spoken["emotion_analysis"] is None
    assert spoken["summary"]["summary"] == "I felt joy for 11 seconds."
    assert spoken["summary"]["emotional_tone"] is None
    assert spoken["summary"]["emotions"] == {}
    assert spoken["pipeline_status"]["text_summarization"] is True


def test_a_summary_without_emotions(faulty):
    with faulty.faults(emotion=FAIL):
        summary = post(faulty, "/summarize/text").json()
    assert summary["degraded"] == ["emotion"]
    assert summary["summary"] == "I was full of joy. Then it rained."
    assert (summary["key_emotions"], summary["emotional_tone"]) == ([], None)


def test_a_model_that_always_fails_is_reported_until_it_computes_again(faulty):
    with faulty.faults(emotion=FAIL):
        first, _, third, fourth = (post(faulty, "/predict", json={"text": "joy"}) for _ in range(4))
        assert error_of(first, 500)["code"] == "model_failure"
        for response in (third, fourth):
            assert error_of(response, 503)["code"] == "model_unavailable"
            assert int(response.headers["retry-after"]) > 0
        ready = faulty.client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json() == {
            "status": "degraded",
            "models": {"transcriber": "ready", "emotion": "failing", "summarizer": "ready"},
            "feedback": "off",
        }
        assert faulty.client.get("/health").json()["status"] == "degraded"
        assert faulty.client.get("/health").json()["models"]["emotion"] is False
        assert faulty.client.get("/models/status").json()["emotion"]["state"] == "failing"
    assert post(faulty, "/predict", json={"text": "joy"}).status_code == 200
    assert states(faulty)["emotion"] == "ready"


def test_a_stuck_model_costs_one_deadline_and_not_one_per_request(faulty):
    with faulty.faults(summarizer={"sleep_seconds": 3.0}):
        assert post(faulty, "/analyze/journal").json()["degraded"] == ["summary"]
        eventually(lambda: states(faulty)["summarizer"] == "stuck")
        insight = post(faulty, "/analyze/journal").json()
        assert insight["degraded"] == ["summary"]
        assert insight["timings_ms"]["summary"] < 400  # its deadline is 500
        assert error_of(post(faulty, "/summarize/text"), 503)["code"] == "model_unavailable"


def test_the_route_of_a_slow_step_is_answered_at_its_deadline(faulty):
    with faulty.faults(transcriber={"sleep_seconds": 2.5}):
        response = post(faulty, "/v1/audio/transcriptions", **upload())
    assert response.status_code == 504
    assert response.json()["error"]["code"] == "deadline_exceeded"


def test_a_step_ends_before_the_deadline_of_the_request(tmp_path):
    """The steps' own deadlines are longer here."""
    from tests.faults.conftest import faulty_server

    with (
        faulty_server(tmp_path, SAMO_DEADLINE_SECONDS="1") as server,
        server.faults(summarizer={"sleep_seconds": 2.0}),
    ):
        insight = post(server, "/analyze/journal")
        assert insight.status_code == 200
        assert insight.json()["degraded"] == ["summary"]


def copied_store(folder: Path, model_folder: Path) -> Path:
    """Link the model store into `folder`; return where the model's folder is in it."""
    store = model_folder.parent.parent
    for file in store.rglob("*"):
        copy = folder / "models" / file.relative_to(store)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.name in ("latest", "model.yaml"):
            copy.write_bytes(file.read_bytes())
        elif file.is_file():
            copy.symlink_to(file)
    return folder / "models" / model_folder.relative_to(store)


def replace(file: Path, data: bytes) -> None:
    file.unlink()
    file.write_bytes(data)


def test_a_model_that_cannot_be_loaded(tmp_path, summarizer_folder):
    """Half of a file, with the hash of that half: CTranslate2 refuses it."""
    model = copied_store(tmp_path, summarizer_folder)
    half = (model / "model.bin").read_bytes()[: 1 << 20]
    replace(model / "model.bin", half)
    metadata = yaml.safe_load((model / "model.yaml").read_text())
    metadata["metadata"]["sha256"]["model.bin"] = hashlib.sha256(half).hexdigest()
    (model / "model.yaml").write_text(yaml.safe_dump(metadata))
    log = tmp_path / "log"
    with serving(log, BENTOML_HOME=str(tmp_path)) as client:
        assert client.get("/readyz").json() == {
            "status": "degraded",
            "models": {"transcriber": "ready", "emotion": "ready", "summarizer": "unavailable"},
            "feedback": "off",
        }
        assert client.get("/models/status").json()["summarizer"]["ready"] is False
        insight = client.post("/analyze/journal", json=ENTRY).json()
        assert insight["degraded"] == ["summary"]
        assert insight["emotion_analysis"]["emotions"]
        assert "summarizer" not in insight["models"]
        assert client.post("/transcribe/voice", **upload()).status_code == 200
        refused = client.post("/summarize/text", json=ENTRY)
        assert error_of(refused, 503)["code"] == "model_unavailable"
        assert "retry-after" in refused.headers
    (line,) = [one for one in log.read_text().splitlines() if "cannot be loaded" in one]
    assert "the summarizer model cannot be loaded (RuntimeError" in line


def test_openais_client_gets_a_503_without_the_transcriber(faulty):
    client = openai.OpenAI(base_url=f"{faulty.client.base_url}/v1", api_key="none", max_retries=0)
    with faulty.faults(transcriber=FAIL):
        for expected in (500, 500, 503):
            with pytest.raises(openai.InternalServerError) as caught:
                client.audio.transcriptions.create(model="whisper-1", file=RECORDING)
            assert caught.value.status_code == expected
    assert caught.value.code == "model_unavailable"


def test_a_model_with_a_flipped_bit_is_not_served(tmp_path, transcriber_folder):
    model = copied_store(tmp_path, transcriber_folder)
    data = bytearray((model / "model.bin").read_bytes())
    data[len(data) * 2 // 3] ^= 0x20
    replace(model / "model.bin", bytes(data))
    started = subprocess.run(
        [sys.executable, "-m", "samo", "serve", "--host", "127.0.0.1", "--port", "0"],
        cwd=ROOT, env={**os.environ, "BENTOML_HOME": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert started.returncode == 1
    lines = started.stderr.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("model.bin of the model samo-transcriber:")
    assert "`bentoml models delete" in lines[1]
