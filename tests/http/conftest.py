"""Fixtures of the HTTP tests: the log lines of requests, OpenAI's client, live sessions."""

from __future__ import annotations

import logging
from concurrent.futures import CancelledError
from typing import Any

import openai
import pytest
from starlette.testclient import WebSocketTestSession


@pytest.fixture
def lines():
    """The fields of the log lines of the requests."""
    found: list[Any] = []

    class Handler(logging.Handler):
        def emit(self, record):
            found.append(vars(record)["structured"].fields())

    log, handler = logging.getLogger("bentoml.samo.requests"), Handler()
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield found
    log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


@pytest.fixture
def openai_client(client):
    return openai.OpenAI(
        api_key="none", base_url="http://testserver/v1", http_client=client, max_retries=0
    )


@pytest.fixture
def transcribe(openai_client, recording):
    def create(**options):
        return openai_client.audio.transcriptions.create(
            **{"model": "whisper-1", "file": ("a.flac", recording), **options}
        )

    return create


@pytest.fixture(autouse=True)
def _close_live_sessions_early(monkeypatch):
    """Let a test close a session that still computes.

    The test client then cancels the application at once, and would raise that as an error.
    """
    leave = WebSocketTestSession.__exit__

    def leave_cancelled(session, *exception):
        try:
            return leave(session, *exception)
        except CancelledError:
            return None

    monkeypatch.setattr(WebSocketTestSession, "__exit__", leave_cancelled)
