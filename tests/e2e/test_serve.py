"""`samo serve` of the service and `bentoml serve` of the built bento, each in a subprocess."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time

import jiwer
import pytest
from whisper_normalizer.english import EnglishTextNormalizer

from tests.conftest import ROOT
from tests.e2e.conftest import serving

pytestmark = pytest.mark.models

ENTRY = (
    "The bus was late again. I finally saw my cousins after ten years and was so happy I cried. "
    "Then we ate cake and somebody talked about the weather. Now I miss them terribly."
)


def test_a_typed_entry(server):
    body = server.post("/analyze/journal", json={"text": ENTRY}).json()
    assert body["degraded"] == []
    assert [point["text"] for point in body["arc"]][1].startswith("I finally saw my cousins")
    assert body["arc"][1]["primary_emotion"] == "joy"
    assert body["arc"][3]["primary_emotion"] == "sadness"
    assert body["emotion_analysis"]["emotions"].keys() >= {"joy", "sadness"}
    words = set(ENTRY.lower().replace(".", "").split())
    assert set(body["summary"]["summary"].lower().replace(".", "").split()) <= words


def test_a_spoken_entry(server, recording):
    body = server.post("/analyze/voice-journal", files={"audio_file": ("entry", recording)}).json()
    assert "ask not what your country can do for you" in body["transcription"]["text"]
    assert body["transcription"]["language"] == "en"
    assert body["arc"]
    starts = [point["start_seconds"] for point in body["arc"]]
    assert starts == sorted(starts)
    assert body["degraded"] == []


def test_recordings_of_librispeech(server, speech_data):
    normalize = EnglishTextNormalizer()
    lines = (speech_data / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    selected = [e for e in entries if "librispeech" in e["path"]][:4]
    references, hypotheses = [], []
    for entry in selected:
        data = (speech_data / entry["path"]).read_bytes()
        body = server.post("/transcribe/voice", files={"audio_file": ("x", data)}).json()
        hypotheses.append(normalize(body["text"]))
        references.append(normalize(entry["text"]))
    assert jiwer.wer(references, hypotheses) < 0.25


def test_the_server_loads_neither_torch_nor_transformers(recording, tmp_path):
    log = tmp_path / "log"
    with serving(log, ("tests.e2e.module_report",)) as client:
        files = {"audio_file": ("entry", recording)}
        response = client.post("/analyze/voice-journal", files=files)
        assert response.json()["degraded"] == []  # so every model was used
        client.process.send_signal(signal.SIGUSR1)
        modules = wait_for_line(log, "modules: ").split()
    assert {"onnxruntime", "ctranslate2"} <= set(modules)
    assert not {"torch", "transformers"} & set(modules)


def wait_for_line(log, prefix):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            if line.startswith(prefix):
                return line
        time.sleep(0.05)
    pytest.fail(f"no line with {prefix!r} in the log: {log.read_text()}")


def test_a_huge_body_is_refused_early_and_the_server_continues(server):
    start = time.monotonic()
    head = b'--b\r\nContent-Disposition: form-data; name="audio_file"; filename="x"\r\n\r\n'
    body = itertools.chain([head], (bytes(1 << 20) for _ in range(300)))
    headers = {"content-type": "multipart/form-data; boundary=b"}
    refused = server.post("/transcribe/voice", content=body, headers=headers)
    assert refused.status_code == 413
    assert time.monotonic() - start < 20
    assert server.post("/predict", json={"text": "Thank you!"}).status_code == 200


def test_the_logs_contain_no_user_text(tmp_path):
    with serving(tmp_path / "log", SAMO_RUNNERS="fake") as client:
        client.post("/predict", json={"text": "my xyzzy secret"})
        client.post("/predict", json={"text": "xyzzy crash"})
        client.post("/predict", json={"txet": "xyzzy"})
    assert "xyzzy" not in (tmp_path / "log").read_text()


def test_the_built_bento_returns_the_same(server, recording, tmp_path):
    built = subprocess.run(
        [sys.executable, "-m", "bentoml", "build", "--output", "tag", "--version",
         f"test{os.getpid()}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    tag = built.stdout.strip().removeprefix("__tag__:")
    try:
        with serving(tmp_path / "log", ("bentoml", "serve", tag)) as bento:
            for path, request in (
                ("/predict", {"json": {"text": ENTRY}}),
                ("/summarize/text", {"json": {"text": ENTRY}}),
                ("/transcribe/voice", {"files": {"audio_file": ("x", recording)}}),
            ):
                ours, theirs = server.post(path, **request), bento.post(path, **request)
                same = [response.json() for response in (ours, theirs)]
                for body in same:
                    body.pop("inference_time", None)
                assert same[0] == same[1]
    finally:
        subprocess.run([sys.executable, "-m", "bentoml", "delete", tag, "-y"], check=True)
