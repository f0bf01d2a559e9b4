"""Fixtures for every kind of test: the fake service, the real models, the shared data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from samo.settings import Settings

ROOT = Path(__file__).parent.parent
RECORDING = ROOT / "tests" / "data" / "jfk.flac"

os.environ["BENTOML_DO_NOT_TRACK"] = "True"


@contextmanager
def running(settings: Settings) -> Iterator[TestClient]:
    """Run the complete service in this process; yield a client."""
    from service import create_service

    with TestClient(create_service(settings).to_asgi(), raise_server_exceptions=False) as client:
        yield client


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--pictures`, with which tests/e2e/test_page_pictures.py writes into docs/pictures."""
    parser.addoption(
        "--pictures", action="store_true", help="write the docs' screenshots of the page"
    )


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    """The service with fake models: no weights, predictable output."""
    with running(Settings(runners="fake")) as client:
        yield client


@pytest.fixture(scope="session")
def service_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a service with fake models and feedback, in a subprocess."""
    from tests.e2e.conftest import serving

    folder = tmp_path_factory.mktemp("fake-service")
    url = f"sqlite:///{folder}/feedback.db"
    with serving(folder / "log", SAMO_RUNNERS="fake", SAMO_FEEDBACK_URL=url) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture(scope="session")
def real_client() -> Iterator[TestClient]:
    """The service with the real models of the store."""
    with running(Settings(runners="real")) as client:
        yield client


def _model_folder(name: str) -> Path:
    import bentoml
    from bentoml.exceptions import NotFound

    try:
        return Path(bentoml.models.get(name).path)
    except NotFound:
        pytest.fail(f"{name} is not in the model store: run `make export`")


@pytest.fixture(scope="session")
def transcriber_folder() -> Path:
    """The exported transcriber."""
    return _model_folder("samo-transcriber:latest")


@pytest.fixture(scope="session")
def emotion_folder() -> Path:
    """The exported emotion classifier."""
    return _model_folder("samo-emotion:latest")


@pytest.fixture(scope="session")
def small_emotion_folder() -> Path:
    """The exported small emotion classifier."""
    return _model_folder("samo-emotion-small:latest")


@pytest.fixture(scope="session")
def summarizer_folder() -> Path:
    """The exported summarizer."""
    return _model_folder("samo-summarizer:latest")


def _shared(folder: str) -> Path:
    path = Path(os.environ.get("SAMO_TEST_DATA", ROOT.parent / "shared" / "data")) / folder
    if not path.is_dir():
        pytest.skip(f"{path} does not exist; SAMO_TEST_DATA sets another folder")
    return path


@pytest.fixture(scope="session")
def speech_data() -> Path:
    """Recordings with a manifest.jsonl; skips the test if they are missing."""
    return _shared("speech")


@pytest.fixture(scope="session")
def goemotions_data() -> Path:
    """GoEmotions' splits; skips the test if they are missing."""
    return _shared("goemotions")


@pytest.fixture(scope="session")
def recording() -> bytes:
    """Eleven seconds of real speech, in FLAC."""
    return RECORDING.read_bytes()
