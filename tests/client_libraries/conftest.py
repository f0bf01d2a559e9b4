"""What the tests of both clients share: speech as samples, and a service that refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from samo.audio import decode
from tests.conftest import ROOT
from tests.e2e.conftest import serving

DIARY = ROOT / "tests" / "data" / "diary.flac"


@pytest.fixture(scope="session")
def samples() -> bytes:
    """10.7 s of speech, three sentences, as PCM at 16 kHz."""
    return (decode(DIARY.read_bytes()).samples * 32_767).astype("<i2").tobytes()


@pytest.fixture(scope="session")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A service with fake models, a key, few requests and one live session; its URL and the key."""
    folder: Path = tmp_path_factory.mktemp("limited")
    keys = folder / "keys.json"
    arguments = ["keys", "new", "--name", "test", "--scopes", "live,text", "--file", str(keys)]
    key = subprocess.run(
        [sys.executable, "-m", "samo", *arguments],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    with serving(
        folder / "log",
        SAMO_RUNNERS="fake",
        SAMO_API_KEYS_FILE=str(keys),
        SAMO_MAX_LIVE_SESSIONS="1",
        SAMO_LIVE_IDLE_SECONDS="2",
        SAMO_RATE_LIMIT="20/2 seconds",
    ) as client:
        yield str(client.base_url).rstrip("/"), key
