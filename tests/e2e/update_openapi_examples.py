"""Write the service's responses into samo/api/examples.json, the examples of its description.

    python -m tests.e2e.update_openapi_examples

It starts the service with the models in the store and sends a request to each route in the file:
the JSON body of its example, tests/data/diary.flac to the routes for recordings, GET to the others.
An example with "needs_traffic" stays as it is: a new service has nothing to show there.
"""

from __future__ import annotations

import json
import time
from typing import Any

import httpx

from samo.api.description import EXAMPLES
from samo.limits import JOBS_PATH
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
    elif path == JOBS_PATH:
        return new_job(client)
    elif path.startswith(f"{JOBS_PATH}/"):
        response = client.get(path.replace("{job_id}", finished_job(client)))
    else:
        response = client.get(path.replace("{name}", "whisper-1"))
    response.raise_for_status()
    if response.headers["content-type"].startswith("application/json"):
        return response.json()
    return "\n".join(response.text.splitlines()[:METRICS_LINES]) + "\n"


def new_job(client: httpx.Client) -> dict[str, Any]:
    """A job as it is when it was made."""
    response = client.post(JOBS_PATH, files={"audio_file": ("diary.flac", RECORDING.read_bytes())})
    job: dict[str, Any] = response.raise_for_status().json()
    return job


def finished_job(client: httpx.Client) -> str:
    """The id of a job that has ended."""
    job = new_job(client)
    while job["state"] in ("queued", "running"):
        time.sleep(0.2)
        job = client.get(f"{JOBS_PATH}/{job['id']}").json()
    identifier: str = job["id"]
    return identifier


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
