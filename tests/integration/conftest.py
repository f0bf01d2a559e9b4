"""Fixtures of the tests with the exported transcriber."""

from __future__ import annotations

import json

import pytest

from runners.base import Runner
from runners.transcriber.transcriber import Transcriber
from samo.audio import decode
from tests.conftest import RECORDING


@pytest.fixture(scope="module")
def transcriber(transcriber_folder):
    runner: Runner = Transcriber.load(transcriber_folder, threads=2)
    runner.warm_up()
    return runner


@pytest.fixture(scope="module")
def jfk():
    return decode(RECORDING.read_bytes()).samples


@pytest.fixture(scope="module")
def manifest(speech_data):
    lines = (speech_data / "manifest.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]
