"""Users of the service: texts, batches, recordings, and people who keep a journal.

`make load` and `make soak` run it headless with marks to pass. By hand, with a page at
http://localhost:8089 and users of one kind only:

    locust -f loadtests/locustfile.py --host http://localhost:3000 TextUser

The steps of `make load`'s search for the knee are the users of `TextUser` without think time
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
_RANDOM = random.Random(0)  # noqa: S311  # a choice of texts, not a secret


@events.init_command_line_parser.add_listener
def _add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--think-seconds", type=float, default=1.0, help="of a TextUser")


class TextUser(FastHttpUser):
    """Sends one sentence after another; 1 second of thought between them."""

    weight = 10

    def wait_time(self) -> float:
        """Seconds between two requests."""
        seconds: float = constant(self.environment.parsed_options.think_seconds)(self)
        return seconds

    def on_start(self) -> None:
        """Every user begins elsewhere in the list."""
        start = _RANDOM.randrange(len(_TEXTS))
        self.texts = cycle(_TEXTS[start:] + _TEXTS[:start])

    @tag("text")
    @task
    def predict(self) -> None:
        """One text."""
        self.client.post("/predict", json={"text": next(self.texts)})


class BatchUser(FastHttpUser):
    """Sends 16 sentences in a call, every few seconds."""

    weight = 1
    wait_time = between(2, 6)

    @tag("batch")
    @task
    def predict_batch(self) -> None:
        """Sixteen texts; each must have emotions of its own."""
        texts = _RANDOM.sample(_TEXTS, 16)
        with self.client.post(
            "/predict_batch", json={"texts": texts}, catch_response=True
        ) as answer:
            results: list[dict[str, Any]] = (answer.json() or {}).get("results", [])
            if len(results) != len(texts) or not all("emotions" in result for result in results):
                answer.failure("not every text has its emotions")


class VoiceUser(FastHttpUser):
    """Sends one recording after another: the transcriber is never idle."""

    weight = 1
    wait_time = constant(0)

    @tag("voice")
    @task
    def transcribe(self) -> None:
        """Twelve seconds of speech."""
        with self.client.post(
            "/transcribe/voice",
            files={"audio_file": ("entry.flac", _RECORDING)},
            catch_response=True,
        ) as answer:
            if "cousins" not in (answer.json() or {}).get("text", ""):
                answer.failure("the transcript lacks what was said")


class JournalUser(FastHttpUser):
    """Keeps a journal: mostly types, sometimes speaks, looks at a summary, and thinks between."""

    weight = 3
    wait_time = between(3, 10)

    @tag("journal")
    @task(6)
    def write(self) -> None:
        """A typed entry of six sentences."""
        self.client.post("/analyze/journal", json={"text": _RANDOM.choice(_ENTRIES)})

    @tag("journal")
    @task(2)
    def summarize(self) -> None:
        """The core of an entry."""
        self.client.post("/summarize/text", json={"text": _RANDOM.choice(_ENTRIES)})

    @tag("journal", "voice")
    @task(1)
    def speak(self) -> None:
        """A spoken entry with its insight."""
        self.client.post("/analyze/voice-journal", files={"audio_file": ("e.flac", _RECORDING)})
