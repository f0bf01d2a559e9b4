"""Write the service's responses into samo/api/examples.json, the examples of its description.

    python -m tests.e2e.update_openapi_examples

It starts the service with the models in the store and sends a request to each route in the file:
the JSON body of its example, tests/data/diary.flac to the routes for recordings, GET to the others.
An example with "needs_traffic" stays as it is: a new service has nothing to show there.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from samo.api.description import EXAMPLES
from tests.conftest import ROOT
from tests.e2e.conftest import serving
from tests.e2e.update_docs import pretty_json

RECORDING = ROOT / "tests" / "data" / "diary.flac"
METRICS_LINES = 6


def request_example(client: httpx.Client, path: str, example: dict[str, Any]) -> Any:
    """Return the JSON of the response, or its text if it is not JSON."""
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
    log = ROOT / ".update.log"
    with serving(log) as client:
        for path, example in examples.items():
            if example.get("needs_traffic"):
                continue
            example["response"] = request_example(client, path, example)
    log.unlink()
    EXAMPLES.write_text(pretty_json(examples) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
