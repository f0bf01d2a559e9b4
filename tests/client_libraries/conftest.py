"""What the tests of both clients share: speech as samples, and a service that refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from samo_client import Samo

from samo.audio import decode
from tests.client_libraries.python_client import Threadlike
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


@pytest.fixture(params=[Samo, Threadlike], ids=["threads", "asyncio"])
def connect(request, monkeypatch):
    for name in ("SAMO_URL", "SAMO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    clients = []

    def open_client(url, **options):
        clients.append(request.param(url, **options).__enter__())
        return clients[-1]

    yield open_client
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def mocked(connect, monkeypatch, request):
    """Connects a client to a `Mock`; returns it with the list of its waits."""
    waits = []

    async def wait(seconds):
        waits.append(seconds)

    monkeypatch.setattr("samo_client._connection.time.sleep", waits.append)
    monkeypatch.setattr("samo_client._async_connection.asyncio.sleep", wait)
    is_async = "asyncio" in request.node.callspec.id

    def open_client(mock, **options):
        transport = httpx.MockTransport(mock)
        http = (httpx.AsyncClient if is_async else httpx.Client)(transport=transport)
        return connect("http://samo.test/", http_client=http, **options), waits

    return open_client
