"""Mixed load on an instance: short texts, long entries, batches and speech, all at once."""

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
# At most that many requests are under way at a time; two of them hold speech.
CLIENTS: Final = 6
TIMEOUT_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Request:
    """One request of the mix."""

    path: str
    content: dict[str, Any]


@dataclass
class Tally:
    """What was answered: seconds by path, refusals to try again later, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    refused: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """Requests that were sent."""
        return sum(map(len, self.seconds.values())) + self.refused + len(self.failures)


def typed(sentences: int) -> Request:
    """A journal entry of so many sentences."""
    text = " ".join(itertools.islice(itertools.cycle(SENTENCES), sentences))
    return Request("/analyze/journal", {"json": {"text": text}})


def spoken() -> Request:
    """A journal entry of twelve seconds."""
    upload = {"audio_file": ("entry.flac", RECORDING.read_bytes())}
    return Request("/analyze/voice-journal", {"files": upload})


def short() -> Request:
    """One sentence."""
    return Request("/predict", {"json": {"text": SENTENCES[1]}})


def batch() -> Request:
    """As many texts as one call may hold."""
    texts = list(itertools.islice(itertools.cycle(SENTENCES), 128))
    return Request("/predict_batch", {"json": {"texts": texts}})


# Each client goes through its own list again and again.
MIX: Final = (
    (spoken,),
    (spoken, short),
    (short, lambda: typed(4)),
    (lambda: typed(4), lambda: typed(40)),
    (batch, lambda: typed(8)),
    (short,),
)


def send(client: httpx.Client, request: Request, tally: Tally) -> None:
    """Send one request and note its outcome; wait as long as a refusal asks for.

    Anything else but 200 with all of its parts is a failure.
    """
    start = time.monotonic()
    try:
        answer = client.post(request.path, **request.content)
    except httpx.HTTPError as error:
        tally.failures.append(f"{request.path}: {error!r}")
        return
    if answer.status_code == 503 and "Retry-After" in answer.headers:
        tally.refused += 1
        time.sleep(float(answer.headers["Retry-After"]))
    elif answer.status_code != 200:
        tally.failures.append(f"{request.path}: {answer.status_code} {answer.text[:200]}")
    elif answer.json().get("degraded"):
        tally.failures.append(f"{request.path}: without {answer.json()['degraded']}")
    else:
        tally.seconds.setdefault(request.path, []).append(time.monotonic() - start)


def mixed_load(url: str, seconds: float) -> Tally:
    """Keep `CLIENTS` clients busy for so long."""
    tally = Tally()
    until = time.monotonic() + seconds

    def work(requests: Iterable[Request]) -> None:
        with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS) as client:
            for request in itertools.cycle(requests):
                if time.monotonic() > until:
                    return
                send(client, request, tally)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for future in [pool.submit(work, [make() for make in makers]) for makers in MIX]:
            future.result()
    return tally


class InFlight:
    """One request of each kind, sent in the background, all at once.

    Each has its connection before: one that the server has not accepted when it is told to end is
    refused, as it should be.
    """

    def __init__(self, url: str) -> None:
        self.tally = Tally()
        requests = (spoken(), typed(40), batch(), short())
        self._connected = threading.Barrier(len(requests) + 1)
        self._threads = [
            threading.Thread(target=self._send, args=(url, request)) for request in requests
        ]
        for thread in self._threads:
            thread.start()
        self._connected.wait(TIMEOUT_SECONDS)

    def _send(self, url: str, request: Request) -> None:
        with httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS) as client:
            client.get("/livez").raise_for_status()
            self._connected.wait(TIMEOUT_SECONDS)
            send(client, request, self.tally)

    def finish(self) -> Tally:
        """Wait for all the answers."""
        for thread in self._threads:
            thread.join()
        return self.tally
