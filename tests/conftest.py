"""Fixtures for every kind of test: the fake service, the real models, the shared data."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

ROOT = Path(__file__).parent.parent
RECORDING = ROOT / "tests" / "data" / "jfk.flac"

os.environ["BENTOML_DO_NOT_TRACK"] = "True"


@pytest.fixture(scope="session")
def _serve() -> Iterator[Callable[[str], TestClient]]:
    """Serve in process with the runners that are asked for, "fake" or "real".

    The service reads its settings when its module is loaded, and BentoML knows one instance of it:
    so there is one client at a time, and another kind of runners loads the module anew.
    """
    import service

    previous = os.environ.get("SAMO_RUNNERS")
    with ExitStack() as stack:
        current: dict[str, TestClient] = {}

        def serve(runners: str) -> TestClient:
            if runners not in current:
                stack.close()
                current.clear()
                os.environ["SAMO_RUNNERS"] = runners
                app = importlib.reload(service).Samo.to_asgi()
                client = TestClient(app, raise_server_exceptions=False)
                current[runners] = stack.enter_context(client)
            return current[runners]

        yield serve
    if previous is None:
        os.environ.pop("SAMO_RUNNERS", None)
    else:
        os.environ["SAMO_RUNNERS"] = previous


@pytest.fixture
def client(_serve: Callable[[str], TestClient]) -> TestClient:
    """The service with fake runners: no weights, obvious answers."""
    return _serve("fake")


@pytest.fixture
def real_client(_serve: Callable[[str], TestClient]) -> TestClient:
    """The service with the real models of the store."""
    return _serve("real")


def _stored(name: str) -> Path:
    import bentoml
    from bentoml.exceptions import NotFound

    try:
        return Path(bentoml.models.get(name).path)
    except NotFound:
        pytest.fail(f"{name} is not in the model store: run `make export`")


@pytest.fixture(scope="session")
def transcriber_folder() -> Path:
    """The exported transcriber."""
    return _stored("samo-transcriber:latest")


@pytest.fixture(scope="session")
def emotion_folder() -> Path:
    """The exported emotion classifier."""
    return _stored("samo-emotion:latest")


@pytest.fixture(scope="session")
def summarizer_folder() -> Path:
    """The exported summarizer."""
    return _stored("samo-summarizer:latest")


def _shared(folder: str) -> Path:
    path = Path(os.environ.get("SAMO_TEST_DATA", ROOT.parent / "shared" / "data")) / folder
    if not path.is_dir():
        pytest.skip(f"{path} is not there; SAMO_TEST_DATA names another folder")
    return path


@pytest.fixture(scope="session")
def speech_data() -> Path:
    """Recordings with a manifest.jsonl; skips where they are absent."""
    return _shared("speech")


@pytest.fixture(scope="session")
def goemotions_data() -> Path:
    """GoEmotions' split; skips where it is absent."""
    return _shared("goemotions")


@pytest.fixture(scope="session")
def recording() -> bytes:
    """Eleven seconds of real speech, in FLAC."""
    return RECORDING.read_bytes()
