"""Live sessions of a service with fake models, for their tests."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from starlette.testclient import WebSocketDenialResponse

from samo.settings import Settings
from tests.conftest import running

URL = "/v1/realtime?intent=transcription"


@contextmanager
def serving(**settings):
    with running(Settings(runners="fake", **settings)) as client:
        yield client


def error_of(response):
    return response.json()["error"]


def refusal(client, url=URL, **options):
    with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect(url, **options):
        pass
    return caught.value
