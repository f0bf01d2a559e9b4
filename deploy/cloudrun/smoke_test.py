"""Ask a deployed SAMO real questions and judge its answers; needs nothing but Python.

    python3 deploy/cloudrun/smoke_test.py https://candidate---samo-xyz.a.run.app

Exit status 0: every answer is right. 1: one is not, or none came.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

RECORDING: Final = Path(__file__).resolve().parents[2] / "tests" / "data" / "jfk.flac"
SPOKEN: Final = "ask not what your country can do for you"
ENTRY: Final = (
    "I finally saw my cousins after ten years and was so happy I cried. "
    "Then somebody talked about the weather. Now I miss them terribly."
)
# A new instance may still be starting, and permissions may still be spreading.
START_SECONDS: Final = 120.0


class WrongAnswer(Exception):
    """An answer did not come, or is not what a working service gives."""


def expect(right: bool, complaint: str) -> None:
    """Raise `WrongAnswer` where something is not right."""
    if not right:
        raise WrongAnswer(complaint)


class Service:
    """The service under test.

    Args:
        url: of the service, without a path.
        token: identity token that Cloud Run asks for; none where everybody may call.
        timeout: seconds that an answer may take.

    """

    def __init__(self, url: str, token: str | None, timeout: float) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"not a web address: {url}")
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = timeout

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and parsed body."""
        return self._ask(path, None, {})

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Send JSON; return status and parsed body."""
        return self._ask(path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def upload(self, path: str, recording: bytes) -> tuple[int, Any]:
        """Send a recording as a form does; return status and parsed body."""
        boundary = uuid.uuid4().hex
        head = (
            f"--{boundary}\r\nContent-Disposition: form-data; "
            'name="audio_file"; filename="entry"\r\n\r\n'
        )
        body = head.encode() + recording + f"\r\n--{boundary}--\r\n".encode()
        return self._ask(path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def _ask(self, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, Any]:
        request = urllib.request.Request(  # noqa: S310  # __init__ has looked at the scheme
            self._url + path, body, {**self._headers, **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            try:
                return error.code, json.loads(error.read())
            except ValueError:
                raise WrongAnswer(f"{path} answered {error.code} without JSON") from None
        except (OSError, ValueError) as error:
            raise WrongAnswer(f"{path}: {error}") from error


def is_up(service: Service) -> None:
    """Wait until /health is fine: paths that end in z are Cloud Run's own, so not /readyz."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            status, body = service.get("/health")
            expect(status == 200 and body["status"] == "ok", f"/health answered {status}: {body}")
            expect(all(body["models"].values()), f"a model is not ready: {body['models']}")
        except WrongAnswer:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return


def has_real_models(service: Service) -> None:
    """Refuse a service that was put up with the fakes."""
    status, body = service.get("/models/status")
    expect(status == 200, f"/models/status answered {status}")
    tags = {name: model["tag"] for name, model in body.items()}
    expect(len(tags) == 3 and "fake" not in tags.values(), f"not the real models: {tags}")


def classifies(service: Service) -> None:
    """Joy is heard in a joyful sentence, grief in a sad one."""
    for text, expected in (
        ("I am so happy that you are here!", "joy"),
        ("I am heartbroken and I cry all day.", "sadness"),
    ):
        status, body = service.post("/predict", {"text": text})
        expect(status == 200, f"/predict answered {status}: {body}")
        found = [item["emotion"] for item in body["emotions"]]
        expect(found[:1] == [expected], f"{found} instead of {expected}")


def reads_an_entry(service: Service) -> None:
    """A typed entry comes back whole: a point a sentence, a summary in the entry's own words."""
    status, body = service.post("/analyze/journal", {"text": ENTRY})
    expect(status == 200 and body["degraded"] == [], f"/analyze/journal answered {status}: {body}")
    expect(len(body["arc"]) == 3, f"{len(body['arc'])} sentences instead of 3")
    summary = set(body["summary"]["summary"].lower().replace(".", "").split())
    said = set(ENTRY.lower().replace(".", "").split())
    expect(bool(summary) and summary <= said, f"a summary of other words: {summary - said}")


def hears_an_entry(service: Service) -> None:
    """Real speech is understood and read."""
    status, body = service.upload("/analyze/voice-journal", RECORDING.read_bytes())
    expect(
        status == 200 and body["degraded"] == [],
        f"/analyze/voice-journal answered {status}: {body}",
    )
    heard = body["transcription"]["text"]
    expect(SPOKEN in heard.lower(), f"heard {heard!r}")


def refuses_nonsense(service: Service) -> None:
    """A wrong request gets the error envelope, not a crash."""
    status, body = service.post("/predict", {"txet": "?"})
    expect(status == 422 and "error" in body, f"a wrong request was answered with {status}: {body}")


CHECKS: Final[tuple[Callable[[Service], None], ...]] = (
    is_up,
    has_real_models,
    classifies,
    reads_an_entry,
    hears_an_entry,
    refuses_nonsense,
)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url", help="of the service, without a path")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds an answer may take")
    parser.add_argument(
        "--token-variable",
        default="IDENTITY_TOKEN",
        help="environment variable with the identity token (IDENTITY_TOKEN); "
        "unset where everybody may call",
    )
    arguments = parser.parse_args()
    service = Service(arguments.url, os.environ.get(arguments.token_variable), arguments.timeout)
    for check in CHECKS:
        start = time.monotonic()
        try:
            check(service)
        except WrongAnswer as wrong:
            print(f"smoke test: {check.__name__} FAILED: {wrong}", file=sys.stderr)
            return 1
        except (KeyError, TypeError, AttributeError) as error:  # an answer of another shape
            print(f"smoke test: {check.__name__} FAILED: no field {error}", file=sys.stderr)
            return 1
        print(f"smoke test: {check.__name__} ok, {time.monotonic() - start:.2f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
