"""Write the service's answers into samo/api/examples.json, the examples of its description.

    python -m tests.e2e.renew_examples

It starts the service with the models in the store and sends each request that is in the file: a
JSON body where there is one, tests/data/diary.flac to the routes for recordings, GET to the rest.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from samo.api.description import EXAMPLES
from tests.conftest import ROOT
from tests.e2e.conftest import serving
from tests.e2e.renew_answers import laid_out

RECORDING = ROOT / "tests" / "data" / "diary.flac"
METRICS_LINES = 6


def ask(client: httpx.Client, path: str, example: dict[str, Any]) -> Any:
    """The answer's JSON, or its text where it is none."""
    if "request" in example:
        response = client.post(path, json=example["request"])
    elif path in ("/transcribe/voice", "/analyze/voice-journal") or path.startswith("/v1/audio/"):
        response = client.post(path, files={"file": ("diary.flac", RECORDING.read_bytes())})
    else:
        response = client.get(path.replace("{name}", "whisper-1"))
    response.raise_for_status()
    if response.headers["content-type"].startswith("application/json"):
        return response.json()
    return "\n".join(response.text.splitlines()[:METRICS_LINES]) + "\n"


def main() -> None:
    """The command line."""
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    log = ROOT / ".renew.log"
    with serving(log) as client:
        for path, example in examples.items():
            example["response"] = ask(client, path, example)
    log.unlink()
    EXAMPLES.write_text(laid_out(examples) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
