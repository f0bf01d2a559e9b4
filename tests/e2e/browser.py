"""Chromium for the tests of the page: it can be given a recording as its microphone."""

from __future__ import annotations

import os
import shutil
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MICROPHONE_RATE = 48_000
# Silence before and after the recording: time to press the buttons.
LEAD_SECONDS = 0.5
TAIL_SECONDS = 60


def executable() -> str:
    """Chromium's path; without one the test is skipped, and fails in CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = "no Chromium here: scripts/debian-packages chromium installs it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def as_microphone(recording: Path, wav: Path) -> float:
    """Write a recording as Chromium's fake microphone plays it; return its seconds of speech."""
    parts = []
    resampler = av.AudioResampler(format="s16", layout="mono", rate=MICROPHONE_RATE)
    with av.open(str(recording)) as container:
        for frame in container.decode(audio=0):
            parts += [one.to_ndarray().ravel() for one in resampler.resample(frame)]
    speech = np.concatenate(parts)
    lead, tail = (
        np.zeros(int(seconds * MICROPHONE_RATE), np.int16)
        for seconds in (LEAD_SECONDS, TAIL_SECONDS)
    )
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(MICROPHONE_RATE)
        file.writeframes(np.concatenate([lead, speech, tail]).tobytes())
    return LEAD_SECONDS + len(speech) / MICROPHONE_RATE


def launch(playwright: Playwright, microphone: Path | None = None) -> Browser:
    """Start Chromium; without a recording its microphone is not allowed."""
    arguments = ["--no-sandbox"]  # its own sandbox does not start as root
    if microphone is not None:
        arguments += [
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}%noloop",
        ]
    return playwright.chromium.launch(executable_path=executable(), args=arguments)


@dataclass
class Seen:
    """What a browser asked for and complained of."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Parts of complaints that the test brings about."""


@contextmanager
def visiting(browser: Browser, base: str, **context: Any) -> Iterator[tuple[Page, Seen]]:
    """A new profile on the page at `base`.

    At the end, each request must have gone to `base`, and the browser must have complained of
    nothing: not of the Content-Security-Policy, not of an error in a script.
    """
    seen = Seen()
    profile = browser.new_context(base_url=base, **context)
    profile.on("request", lambda request: seen.requests.append(request.url))
    profile.on("weberror", lambda error: seen.complaints.append(str(error.error)))
    profile.on(
        "console",
        lambda message: (
            seen.complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page = profile.new_page()
    page.goto("/")
    page.get_by_role("heading", level=1).wait_for()
    try:
        yield page, seen
    finally:
        profile.close()
    assert [url for url in seen.requests if not url.startswith((base, "blob:", "data:"))] == []
    assert [one for one in seen.complaints if not any(part in one for part in seen.expected)] == []
