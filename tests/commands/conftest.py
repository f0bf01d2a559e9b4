"""A service with fake models, which the commands call by `--url`."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import serving


@pytest.fixture(scope="session")
def service_url(tmp_path_factory):
    log = tmp_path_factory.mktemp("fake-service") / "log"
    with serving(log, SAMO_RUNNERS="fake") as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture(autouse=True)
def fake_models(monkeypatch):
    monkeypatch.setenv("SAMO_RUNNERS", "fake")
    for name in ("SAMO_URL", "SAMO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
