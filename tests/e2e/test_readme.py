"""The README's request gives the README's output."""

from __future__ import annotations

import json
import re

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.models

# What differs from one run to the next, or from one machine to the other.
VOLATILE = {"processing_time_ms", "timings_ms", "models"}


def test_the_request_gives_the_output(server):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    path, file = re.search(
        r"curl -s http://localhost:3000(\S+) -F audio_file=@(\S+)", readme
    ).groups()
    expected = json.loads(re.search(r"```json\n(.*?)```", readme, re.DOTALL).group(1))
    response = server.post(path, files={"audio_file": ("entry", (ROOT / file).read_bytes())})
    body = response.json()
    assert body.keys() == expected.keys()
    for name in body.keys() - VOLATILE:
        assert without_figures(body[name]) == without_figures(expected[name]), name


def without_figures(value):
    """Leave confidences and times out: they differ in the last places between machines."""
    if isinstance(value, float):
        return None
    if isinstance(value, dict):
        return {key: without_figures(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_figures(item) for item in value]
    return value
