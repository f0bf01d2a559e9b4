"""The README's request gives the README's output."""

from __future__ import annotations

import json
import re

import jiwer
import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.models


def test_the_request_gives_the_output(server):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    path, file = re.search(
        r"curl -s http://localhost:3000(\S+) -F audio_file=@(\S+)", readme
    ).groups()
    expected = json.loads(re.search(r"```json\n(.*?)```", readme, re.DOTALL).group(1))
    response = server.post(path, files={"audio_file": ("entry", (ROOT / file).read_bytes())})
    body = response.json()
    assert shape(body) == shape(expected)
    assert jiwer.wer(expected["transcription"]["text"], body["transcription"]["text"]) < 0.1
    assert [p["primary_emotion"] for p in body["arc"]] == [
        p["primary_emotion"] for p in expected["arc"]
    ]


def shape(value):
    """Names, lengths and types: figures differ in the last places between machines."""
    if isinstance(value, dict):
        emotions = all(isinstance(item, float) for item in value.values())
        return "figures" if emotions else {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        scores = all(isinstance(item, dict) and "confidence" in item for item in value)
        return "scores" if scores else [shape(item) for item in value]
    return type(value).__name__
