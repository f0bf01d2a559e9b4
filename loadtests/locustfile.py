"""Locust users: texts, batch requests, recordings and a journaling mix.

`make load` and `make soak` run it headless with pass marks. By hand, with locust's page on
http://localhost:8089 and users of one class:

    locust -f loadtests/locustfile.py --host http://localhost:3000 TextUser

The steps by which `make load` finds the knee use `TextUser` without think time
(`--think-seconds 0`).
"""

from __future__ import annotations

import random
from argparse import ArgumentParser
from itertools import cycle
from typing import Any

from locust import FastHttpUser, between, constant, events, tag, task

from loadtests.texts import RECORDING, sentences

_TEXTS = sentences(512)
_ENTRIES = [" ".join(_TEXTS[start : start + 6]) for start in range(0, 480, 6)]
_RECORDING = RECORDING.read_bytes()
_RANDOM = random.Random(0)  # noqa: S311  # selects texts, not secrets


@events.init_command_line_parser.add_listener
def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--think-seconds", type=float, default=1.0, help="pause between the requests of a TextUser"
    )


class TextUser(FastHttpUser):
    """Sends single sentences, with `--think-seconds` between them."""

    weight = 10

    def wait_time(self) -> float:
        """Return the seconds between two requests."""
        seconds: float = constant(self.environment.parsed_options.think_seconds)(self)
        return seconds

    def on_start(self) -> None:
        """Start at a random position in the list."""
        start = _RANDOM.randrange(len(_TEXTS))
        self.texts = cycle(_TEXTS[start:] + _TEXTS[:start])

    @tag("text")
    @task
    def predict(self) -> None:
        """Send one text."""
        self.client.post("/predict", json={"text": next(self.texts)})


class BatchUser(FastHttpUser):
    """Sends 16 sentences per request, every few seconds."""

    weight = 1
    wait_time = between(2, 6)

    @tag("batch")
    @task
    def predict_batch(self) -> None:
        """Send 16 texts; the response must have emotions for each."""
        texts = _RANDOM.sample(_TEXTS, 16)
        with self.client.post(
            "/predict_batch", json={"texts": texts}, catch_response=True
        ) as response:
            results: list[dict[str, Any]] = (response.json() or {}).get("results", [])
            if len(results) != len(texts) or not all("emotions" in result for result in results):
                response.failure("a text has no emotions")


class VoiceUser(FastHttpUser):
    """Sends recordings without a pause, so that the transcriber is never idle."""

    weight = 1
    wait_time = constant(0)

    @tag("voice")
    @task
    def transcribe(self) -> None:
        """Send twelve seconds of speech."""
        with self.client.post(
            "/transcribe/voice",
            files={"audio_file": ("entry.flac", _RECORDING)},
            catch_response=True,
        ) as response:
            if "cousins" not in (response.json() or {}).get("text", ""):
                response.failure("the transcript lacks an expected word")


class JournalUser(FastHttpUser):
    """A journaling mix: mostly typed entries, some summaries and spoken entries, with pauses."""

    weight = 3
    wait_time = between(3, 10)

    @tag("journal")
    @task(6)
    def write(self) -> None:
        """Send a typed entry of six sentences."""
        self.client.post("/analyze/journal", json={"text": _RANDOM.choice(_ENTRIES)})

    @tag("journal")
    @task(2)
    def summarize(self) -> None:
        """Request the summary of an entry."""
        self.client.post("/summarize/text", json={"text": _RANDOM.choice(_ENTRIES)})

    @tag("journal", "voice")
    @task(1)
    def speak(self) -> None:
        """Send a spoken entry."""
        self.client.post("/analyze/voice-journal", files={"audio_file": ("e.flac", _RECORDING)})
