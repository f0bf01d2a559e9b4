"""The request of the README gives the answers that README.md and docs/api.md show.

Names, types and what is sure by far are compared. Words and figures are not: int8 rounds
otherwise on another CPU, and another model has another opinion. `python -m tests.e2e.update_docs`
writes the answers of the models in the store into both pages.
"""

from __future__ import annotations

import json
import re

import jiwer
import pytest

from tests.conftest import ROOT
from tests.e2e.conftest import serving

FLOAT_MAPS = {"emotions", "moods", "ekman", "sentiments"}


def documented_example():
    """The path and the file of the request, the README's part of the answer, and the whole."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    page = (
        (ROOT / "docs" / "api.md")
        .read_text(encoding="utf-8")
        .partition("## A complete response")[2]
    )
    ((path, file),) = re.findall(r"curl -s http://localhost:3000(\S+) -F audio_file=@(\S+)", readme)
    part, whole = (
        json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0]) for text in (readme, page)
    )
    return path, ROOT / file, part, whole


@pytest.fixture(params=["this CPU", "without VNNI"])
def either(request, tmp_path):
    """The service as it runs here, and with int8 as oneDNN computes it on a CPU without VNNI."""
    if request.param == "this CPU":
        yield request.getfixturevalue("server")
    else:
        with serving(tmp_path / "log", DNNL_MAX_CPU_ISA="AVX2") as client:
            yield client


@pytest.mark.models
def test_the_request_gives_the_answer(either):
    path, file, part, whole = documented_example()
    response = either.post(path, files={"audio_file": ("entry", file.read_bytes())})
    body = response.json()
    assert response.status_code == 200
    assert_shown(part, body)
    assert shape(body) == shape(whole)
    text = body["transcription"]["text"]
    assert jiwer.wer(plain(part["transcription"]["text"]), plain(text)) < 0.2
    assert body["transcription"]["duration"] == pytest.approx(whole["transcription"]["duration"])
    assert set(body["emotion_analysis"]["emotions"]) >= {"joy", "sadness"}
    assert body["arc"][0]["primary_emotion"] == "joy"
    assert body["arc"][-1]["primary_emotion"] == "sadness"
    for point in body["arc"]:
        assert text[point["start"] : point["end"]] == point["text"]


def test_the_readme_shows_a_part_of_the_whole_answer():
    *_, part, whole = documented_example()
    assert_shown(part, whole)
    assert part["transcription"] == {
        name: whole["transcription"][name] for name in part["transcription"]
    }


def plain(text):
    return re.sub(r"[^a-z' ]", "", text.lower())


def assert_shown(part, whole):
    """What `part` names is in `whole`, of the same type and in its range."""
    assert type(part) is type(whole) or {type(part), type(whole)} <= {int, float}
    if isinstance(part, dict):
        for name, value in part.items():
            if name in FLOAT_MAPS:
                assert all(0 <= figure <= 1 for figure in whole[name].values())
            else:
                assert_shown(value, whole[name])
    elif isinstance(part, list) and part:
        for point in whole:
            assert_shown(part[0], point)


def shape(value, name=None):
    """Names and types; how many emotions, sentences and segments there are is the model's."""
    if name in FLOAT_MAPS and isinstance(value, dict):
        return "figures"
    if isinstance(value, dict):
        return {key: shape(item, key) for key, item in value.items()}
    if isinstance(value, list):
        shapes = [shape(item) for item in value]
        return shapes[0] if shapes and all(one == shapes[0] for one in shapes) else "list"
    return (
        "number"
        if isinstance(value, int | float) and not isinstance(value, bool)
        else type(value).__name__
    )
