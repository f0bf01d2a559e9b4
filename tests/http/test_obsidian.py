"""The request of Obsidian's plugin Whisper (1.8.6), with the settings of docs/recipes.md.

The plugin sends it by axios from a page of Obsidian, so the browser inside asks first.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from samo.settings import Settings
from tests.conftest import RECORDING, ROOT, running

PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
SECTION = re.search(r"## Obsidian\n(.*?)\n## ", PAGE, re.DOTALL).group(1)  # type: ignore[union-attr]
ORIGINS = re.search(r"SAMO_CORS_ORIGINS=(\S+) make serve", SECTION).group(1)  # type: ignore[union-attr]


def setting(name: str) -> str:
    """The value in code type of a setting in the table."""
    found = re.search(rf"\| {name} \|[^`\n]*`([^`]+)`", SECTION)
    assert found, name
    return found.group(1)


@pytest.fixture(scope="module")
def client():
    settings = Settings.model_validate({"runners": "fake", "cors_origins": ORIGINS})
    with running(settings) as client:
        yield client


@pytest.mark.parametrize("origin", ORIGINS.split(","))
def test_the_plugins_request(client, origin):
    path = urlsplit(setting("API URL")).path
    page = {"origin": origin, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
    preflight = client.options(
        path,
        headers={
            **page,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == origin
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    # the plugin leaves out an empty or automatic language, an empty prompt, temperature 0 and json
    response = client.post(
        path,
        headers={**page, "authorization": "Bearer none"},
        data={"model": setting("Model"), "language": setting("Language"), "prompt": "Mary, Zoë"},
        files={"file": ("2026-03-01T21:00:00.webm", RECORDING.read_bytes(), "audio/webm")},
    )
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == origin
    assert response.json()["text"]


def test_its_other_settings_are_understood(client):
    for fields in (
        {"temperature": "0.2"},
        {"response_format": setting("Response format"), "temperature": setting("Temperature")},
        {"language": "auto"},
        {"language": ""},
    ):
        response = client.post(
            "/v1/audio/transcriptions",
            data={"model": setting("Model"), **fields},
            files={"file": ("recording.mp4", RECORDING.read_bytes(), "audio/mp4")},
        )
        assert response.status_code == 200, fields
        assert response.json()["text"]
