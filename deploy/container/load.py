"""Mixed load on an instance: short texts, long entries, batch requests and speech."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

ROOT: Final = Path(__file__).resolve().parents[2]
RECORDING: Final = ROOT / "tests" / "data" / "entry.flac"
SENTENCES: Final = (
    "The bus was late again.",
    "I finally saw my cousins after ten years and was so happy I cried.",
    "Then we ate cake and somebody talked about the weather.",
    "Now I miss them terribly.",
)
# Concurrent clients; each has one request in flight. Two of them send speech.
CLIENTS: Final = 6
TIMEOUT_SECONDS: Final = 120.0


@dataclass(frozen=True)
class LoadRequest:
    """One request of the mix."""

    path: str
    content: dict[str, Any]


@dataclass
class LoadResult:
    """Latencies in seconds by path, the number of 503 with Retry-After, and error messages."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    refused: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """The number of requests sent."""
        return sum(map(len, self.seconds.values())) + self.refused + len(self.failures)


def typed(sentences: int) -> LoadRequest:
    """Return a request with a typed entry."""
    text = " ".join(itertools.islice(itertools.cycle(SENTENCES), sentences))
    return LoadRequest("/analyze/journal", {"json": {"text": text}})


def spoken() -> LoadRequest:
    """Return a request with a recording of twelve seconds."""
    upload = {"audio_file": ("entry.flac", RECORDING.read_bytes())}
    return LoadRequest("/analyze/voice-journal", {"files": upload})


def short() -> LoadRequest:
    """Return a request with one sentence."""
    return LoadRequest("/predict", {"json": {"text": SENTENCES[1]}})


def batch_request() -> LoadRequest:
    """Return a batch request of maximum size."""
    texts = list(itertools.islice(itertools.cycle(SENTENCES), 128))
    return LoadRequest("/predict_batch", {"json": {"texts": texts}})


# Each client repeats one of these lists of requests.
MIX: Final = (
    (spoken,),
    (spoken, short),
    (short, lambda: typed(4)),
    (lambda: typed(4), lambda: typed(40)),
    (batch_request, lambda: typed(8)),
    (short,),
)


def send(client: httpx.Client, request: LoadRequest, result: LoadResult) -> None:
    """Send one request and add its outcome to `result`; after a 503 wait for `Retry-After`.

    Every response other than a complete 200 is a failure.
    """
    start = time.monotonic()
    try:
        response = client.post(request.path, **request.content)
    except httpx.HTTPError as error:
        result.failures.append(f"{request.path}: {error!r}")
        return
    if response.status_code == 503 and "Retry-After" in response.headers:
        result.refused += 1
        time.sleep(float(response.headers["Retry-After"]))
    elif response.status_code != 200:
        result.failures.append(f"{request.path}: {response.status_code} {response.text[:200]}")
    elif response.json().get("degraded"):
        result.failures.append(f"{request.path}: without {response.json()['degraded']}")
    else:
        result.seconds.setdefault(request.path, []).append(time.monotonic() - start)


def mixed_load(url: str, seconds: float) -> LoadResult:
    """Send requests from `CLIENTS` clients for `seconds`."""
    result = LoadResult()
    until = time.monotonic() + seconds

    def work(requests: Iterable[LoadRequest]) -> None:
        with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS) as client:
            for request in itertools.cycle(requests):
                if time.monotonic() > until:
                    return
                send(client, request, result)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for future in [pool.submit(work, [make() for make in makers]) for makers in MIX]:
            future.result()
    return result


class InFlight:
    """One request of each kind, all sent concurrently in the background.

    Each connects first: at SIGTERM the server refuses connections that it has not accepted.
    """

    def __init__(self, url: str) -> None:
        self.result = LoadResult()
        requests = (spoken(), typed(40), batch_request(), short())
        self._connected = threading.Barrier(len(requests) + 1)
        self._threads = [
            threading.Thread(target=self._send, args=(url, request)) for request in requests
        ]
        for thread in self._threads:
            thread.start()
        self._connected.wait(TIMEOUT_SECONDS)

    def _send(self, url: str, request: LoadRequest) -> None:
        with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS) as client:
            client.get("/livez").raise_for_status()
            self._connected.wait(TIMEOUT_SECONDS)
            send(client, request, self.result)

    def finish(self) -> LoadResult:
        """Wait for all responses."""
        for thread in self._threads:
            thread.join()
        return self.result
