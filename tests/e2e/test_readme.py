"""The response to the README's request is as README.md and docs/api.md show it.

Names, types and clear emotions are compared. Words and figures are not: int8 rounds differently on
other CPUs, and another model predicts differently. `python -m tests.e2e.update_docs` writes the
response of the models in the store into both pages.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jiwer
import pytest

from tests.conftest import ROOT
from tests.documentation import assert_same_shape, blocks, shape
from tests.e2e.conftest import serving


def documented_example() -> tuple[str, Path, Any, Any]:
    """Return path and file of the request, the README's part of the response, and all of it."""
    readme = ROOT / "README.md"
    (block,) = (b for b in blocks(readme, "sh") if b.output is not None)
    match = re.search(r"curl -s http://localhost:3000(\S+) -F audio_file=@(\S+)", block.code)
    assert match is not None
    complete = blocks(ROOT / "docs" / "api.md", "json")[-1]
    return match[1], ROOT / match[2], json.loads(block.output or ""), json.loads(complete.code)


@pytest.fixture(params=["this CPU", "without VNNI"])
def either_server(request, tmp_path):
    """The service on this CPU, and with int8 as oneDNN computes it on a CPU without VNNI."""
    if request.param == "this CPU":
        yield request.getfixturevalue("server")
    else:
        with serving(tmp_path / "log", DNNL_MAX_CPU_ISA="AVX2") as client:
            yield client


@pytest.mark.models
def test_the_response_to_the_request(either_server):
    path, file, part, complete = documented_example()
    response = either_server.post(path, files={"audio_file": ("entry", file.read_bytes())})
    body = response.json()
    assert response.status_code == 200
    assert_same_shape(part, body)
    assert shape(body) == shape(complete)
    text = body["transcription"]["text"]
    assert jiwer.wer(plain(part["transcription"]["text"]), plain(text)) < 0.2
    assert body["transcription"]["duration"] == pytest.approx(complete["transcription"]["duration"])
    assert set(body["emotion_analysis"]["emotions"]) >= {"joy", "sadness"}
    assert body["arc"][0]["primary_emotion"] == "joy"
    assert body["arc"][-1]["primary_emotion"] == "sadness"
    for point in body["arc"]:
        assert text[point["start"] : point["end"]] == point["text"]


def test_the_readme_shows_a_part_of_the_complete_response():
    *_, part, complete = documented_example()
    assert_same_shape(part, complete)
    assert part["transcription"] == {
        name: complete["transcription"][name] for name in part["transcription"]
    }


def plain(text):
    return re.sub(r"[^a-z' ]", "", text.lower())
