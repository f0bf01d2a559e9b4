"""The commands run with fake models, and without the variables of the shell."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def fake_models(monkeypatch):
    monkeypatch.setenv("SAMO_RUNNERS", "fake")
    for name in ("SAMO_URL", "SAMO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
