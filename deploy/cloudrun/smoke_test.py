"""Send requests to a deployed SAMO and check its responses; needs only Python.

    python3 deploy/cloudrun/smoke_test.py https://candidate---samo-xyz.a.run.app

Exit status 0: every check passed. 1: a check failed.
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
EXPECTED_WORDS: Final = "ask not what your country can do for you"
ENTRY: Final = (
    "I finally saw my cousins after ten years and was so happy I cried. "
    "Then somebody talked about the weather. Now I miss them terribly."
)
# A new instance may still be starting, and IAM changes take a while to apply.
START_SECONDS: Final = 120.0


class CheckFailed(Exception):
    """A response is missing or wrong."""


def expect(condition: bool, message: str) -> None:
    """Raise `CheckFailed` with this message if the condition is false."""
    if not condition:
        raise CheckFailed(message)


class ServiceClient:
    """HTTP client of the service under test.

    Args:
        url: URL of the service, without a path.
        token: identity token for Cloud Run; None if the service is public.
        timeout: maximum seconds for a response.
        api_key: API key of the service; None if it has no keys.

    """

    def __init__(
        self, url: str, token: str | None, timeout: float, api_key: str | None = None
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"not an HTTP URL: {url}")
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        if api_key:
            self._headers["X-API-Key"] = api_key
        self._timeout = timeout

    def get(self, path: str) -> tuple[int, Any]:
        """Send GET; return the status and the parsed body."""
        return self._send(path, None, {})

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Send JSON; return the status and the parsed body."""
        return self._send(path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def upload(self, path: str, recording: bytes) -> tuple[int, Any]:
        """Send a recording as a multipart form; return the status and the parsed body."""
        boundary = uuid.uuid4().hex
        head = (
            f"--{boundary}\r\nContent-Disposition: form-data; "
            'name="audio_file"; filename="entry"\r\n\r\n'
        )
        body = head.encode() + recording + f"\r\n--{boundary}--\r\n".encode()
        return self._send(path, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def _send(self, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, Any]:
        request = urllib.request.Request(  # noqa: S310  # __init__ checks the scheme
            self._url + path, body, {**self._headers, **headers}
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:  # noqa: S310
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            try:
                return error.code, json.loads(error.read())
            except ValueError:
                raise CheckFailed(f"{path} returned {error.code} without JSON") from None
        except (OSError, ValueError) as error:
            raise CheckFailed(f"{path}: {error}") from error


def wait_until_healthy(client: ServiceClient) -> None:
    """Wait until /health is ok. Not /readyz: Cloud Run reserves paths that end in z."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            status, body = client.get("/health")
            expect(status == 200 and body["status"] == "ok", f"/health returned {status}: {body}")
            expect(all(body["models"].values()), f"a model is not ready: {body['models']}")
        except CheckFailed:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return


def check_models(client: ServiceClient) -> None:
    """Check that the service does not run with the fake models."""
    status, body = client.get("/models/status")
    expect(status == 200, f"/models/status returned {status}")
    tags = {name: model["tag"] for name, model in body.items()}
    expect(len(tags) == 3 and "fake" not in tags.values(), f"not the real models: {tags}")


def check_emotions(client: ServiceClient) -> None:
    """Check the first emotion of a joyful and of a sad sentence."""
    for text, expected in (
        ("I am so happy that you are here!", "joy"),
        ("I am heartbroken and I cry all day.", "sadness"),
    ):
        status, body = client.post("/predict", {"text": text})
        expect(status == 200, f"/predict returned {status}: {body}")
        found = [item["emotion"] for item in body["emotions"]]
        expect(found[:1] == [expected], f"{found} instead of {expected}")


def check_text_entry(client: ServiceClient) -> None:
    """Check that a typed entry has an arc point per sentence and a summary in its own words."""
    status, body = client.post("/analyze/journal", {"text": ENTRY})
    expect(status == 200 and body["degraded"] == [], f"/analyze/journal returned {status}: {body}")
    expect(len(body["arc"]) == 3, f"{len(body['arc'])} sentences instead of 3")
    summary = set(body["summary"]["summary"].lower().replace(".", "").split())
    words = set(ENTRY.lower().replace(".", "").split())
    expect(bool(summary) and summary <= words, f"words not in the entry: {summary - words}")


def check_voice_entry(client: ServiceClient) -> None:
    """Check the transcript of a recording."""
    status, body = client.upload("/analyze/voice-journal", RECORDING.read_bytes())
    expect(
        status == 200 and body["degraded"] == [],
        f"/analyze/voice-journal returned {status}: {body}",
    )
    text = body["transcription"]["text"]
    expect(EXPECTED_WORDS in text.lower(), f"unexpected transcript: {text!r}")


def check_error_response(client: ServiceClient) -> None:
    """Check that an invalid request gets a 422 with the error envelope."""
    status, body = client.post("/predict", {"txet": "?"})
    expect(status == 422 and "error" in body, f"an invalid request returned {status}: {body}")


CHECKS: Final[tuple[Callable[[ServiceClient], None], ...]] = (
    wait_until_healthy,
    check_models,
    check_emotions,
    check_text_entry,
    check_voice_entry,
    check_error_response,
)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("url", help="URL of the service, without a path")
    parser.add_argument(
        "--timeout", type=float, default=60.0, help="maximum seconds for a response"
    )
    parser.add_argument(
        "--token-variable",
        default="IDENTITY_TOKEN",
        help="environment variable with the identity token (IDENTITY_TOKEN); "
        "leave it unset if the service is public",
    )
    parser.add_argument(
        "--api-key-variable",
        default="SMOKE_TEST_API_KEY",
        help="environment variable with an API key that has the scopes text, speech and "
        "monitoring (SMOKE_TEST_API_KEY); leave it unset if the service has no keys",
    )
    args = parser.parse_args()
    client = ServiceClient(
        args.url,
        os.environ.get(args.token_variable),
        args.timeout,
        os.environ.get(args.api_key_variable),
    )
    for check in CHECKS:
        start = time.monotonic()
        try:
            check(client)
        except CheckFailed as error:
            print(f"smoke test: {check.__name__} FAILED: {error}", file=sys.stderr)
            return 1
        except (KeyError, TypeError, AttributeError) as error:  # unexpected JSON
            print(f"smoke test: {check.__name__} FAILED: no field {error}", file=sys.stderr)
            return 1
        print(f"smoke test: {check.__name__} ok, {time.monotonic() - start:.2f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
