"""Run jobs on a long recording of real speech: speed, memory, and what other requests feel of it.

    python -m loadtests.long_job --data FOLDER [--minutes 60] [--probe-seconds 60]
    python -m loadtests.long_job --data FOLDER --minutes 179 --memory-seconds 90

FOLDER has LibriSpeech and its manifest.jsonl; its recordings are joined to a long one. One job runs
to its end. A second one is probed by requests for texts and for a short recording, and cancelled. A
third one is lost in a restart. With `--memory-seconds`, one job is cancelled after that time, and
only that and the memory are reported. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import signal
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from loadtests.figures import percentile
from loadtests.machine import describe_machine
from loadtests.processes import ROOT, ServerProcess, serving
from training.command_line import print_json
from training.evaluation.joined_speech import join_speech, write_flac
from training.evaluation.wer import Hypothesis, ReferenceRecording, word_error_rate

SHORT_RECORDING: Final = ROOT / "tests" / "data" / "jfk.flac"
_TEXT: Final = "I finally saw my cousins after ten years and was so happy I cried."
_SECONDS_BETWEEN_TEXTS: Final = 0.25
_SECONDS_BETWEEN_RECORDINGS: Final = 4.0
# Less CPU than this share of a core is what an idle server uses.
_IDLE_SHARE: Final = 0.05


class PeakMemory:
    """The largest memory of the server and its processes, looked at twice a second."""

    def __init__(self, server: ServerProcess) -> None:
        self.peak_mb = 0.0
        self._server = server
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            self.peak_mb = max(self.peak_mb, self._server.usage().pss_mb)

    def stop(self) -> float:
        """The peak in MB."""
        self._ended.set()
        self._thread.join()
        return round(self.peak_mb, 1)


class Probe:
    """Sends requests in a thread and keeps their milliseconds."""

    def __init__(self, client: httpx.Client, wait: float, path: str, **request: Any) -> None:
        self._client, self._path, self._request = client, path, request
        self._wait = wait
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.milliseconds: list[float] = []
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.is_set():
            start = time.perf_counter()
            self._client.post(self._path, **self._request).raise_for_status()
            self.milliseconds.append((time.perf_counter() - start) * 1000)
            self._ended.wait(self._wait)

    def stop(self) -> dict[str, float]:
        """The figures."""
        self._ended.set()
        self._thread.join()
        return {
            "requests": len(self.milliseconds),
            "p50_ms": round(statistics.median(self.milliseconds), 1),
            "p95_ms": round(percentile(self.milliseconds, 0.95), 1),
        }


def probe(client: httpx.Client, seconds: float) -> dict[str, dict[str, float]]:
    """Send texts and short recordings for some seconds."""
    texts = Probe(client, _SECONDS_BETWEEN_TEXTS, "/predict", json={"text": _TEXT})
    recordings = Probe(
        client, _SECONDS_BETWEEN_RECORDINGS, "/transcribe/voice",
        files={"audio_file": SHORT_RECORDING.read_bytes()},
    )  # fmt: skip
    time.sleep(seconds)
    return {"text": texts.stop(), "recording of 11 s": recordings.stop()}


def submit(client: httpx.Client, recording: bytes) -> str:
    """Submit a job; return its id."""
    response = client.post("/v1/jobs", files={"audio_file": ("long.flac", recording)})
    identifier: str = response.raise_for_status().json()["id"]
    return identifier


def state_of(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job's state."""
    job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").raise_for_status().json()
    return job


def run_to_end(
    client: httpx.Client, server: ServerProcess, recording: bytes, text: str
) -> dict[str, Any]:
    """Run a job to its end; return its figures."""
    idle_mb = server.usage().pss_mb
    memory = PeakMemory(server)
    cpu = server.cpu_seconds()
    start = time.perf_counter()
    job_id = submit(client, recording)
    accepted = time.perf_counter() - start
    while (job := state_of(client, job_id))["state"] in ("queued", "running"):
        time.sleep(1.0)
    seconds = time.perf_counter() - start
    if job["state"] != "done":
        raise SystemExit(f"The job is {job['state']}: {job['error']}")
    result = client.get(f"/v1/jobs/{job_id}/result").json()
    duration = result["transcription"]["duration"]
    reference = ReferenceRecording(Path("joined"), "en", "", text)
    heard = Hypothesis(reference, result["transcription"]["text"], "en", duration, seconds)
    return {
        "audio_seconds": duration,
        "accepted_after_seconds": round(accepted, 2),
        "seconds": round(seconds, 1),
        "real_time_factor": round(seconds / duration, 4),
        "cpu_seconds_per_second": round((server.cpu_seconds() - cpu) / duration, 4),
        "idle_memory_mb": round(idle_mb, 1),
        "peak_memory_mb": memory.stop(),
        "word_error_rate": word_error_rate([heard]),
        "sentences": len(result["arc"]),
        "degraded": result["degraded"],
    }


def measure_memory(
    client: httpx.Client, server: ServerProcess, recording: bytes, seconds: float
) -> dict[str, Any]:
    """Run a job for some seconds and cancel it; return the memory that it took."""
    idle_mb = server.usage().pss_mb
    memory = PeakMemory(server)
    job_id = submit(client, recording)
    time.sleep(seconds)
    job = state_of(client, job_id)
    if job["state"] != "running":
        raise SystemExit(f"The job is {job['state']}: {job['error']}")
    return {
        "idle_memory_mb": round(idle_mb, 1),
        "peak_memory_mb": memory.stop(),
        **cancel(client, server, job_id),
    }


def probe_and_cancel(
    client: httpx.Client, server: ServerProcess, recording: bytes, seconds: float
) -> dict[str, Any]:
    """Probe the service without and with a job, then cancel the job."""
    without = probe(client, seconds)
    job_id = submit(client, recording)
    while state_of(client, job_id)["progress"]["step"] != "transcribing":
        time.sleep(0.2)
    with_job = probe(client, seconds)
    return {"without_job": without, "with_job": with_job, **cancel(client, server, job_id)}


def cancel(client: httpx.Client, server: ServerProcess, job_id: str) -> dict[str, Any]:
    """Cancel a job; return how far it was, and when the service computes no more."""
    start = time.perf_counter()
    job = client.delete(f"/v1/jobs/{job_id}").json()
    while (used := _cpu_share(server, 0.5)) > _IDLE_SHARE:
        if time.perf_counter() - start > 60:
            raise SystemExit(f"It still computes a minute later: {used:.2f} cores")
    return {
        "progress": job["progress"],
        "state_after_cancel": job["state"],
        "idle_after_cancel_seconds": round(time.perf_counter() - start, 1),
    }


def _cpu_share(server: ServerProcess, seconds: float) -> float:
    before = server.cpu_seconds()
    time.sleep(seconds)
    return (server.cpu_seconds() - before) / seconds


@contextmanager
def started(port: int) -> Iterator[tuple[ServerProcess, httpx.Client]]:
    """The service in a subprocess, and a client of it."""
    command = [sys.executable, "-m", "samo", "serve", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with serving(command, ROOT / "runs" / "long_job.log") as server:
        server.wait_until_ready(f"{url}/readyz")
        with httpx.Client(base_url=url, timeout=300, trust_env=False) as client:
            yield server, client


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument("--minutes", type=float, default=60, help="length of the recording (60)")
    parser.add_argument("--probe-seconds", type=float, default=60, help="time of probing (60)")
    parser.add_argument("--memory-seconds", type=float, help="report only the memory of a job")
    args = parser.parse_args()
    speech = join_speech(args.data, args.minutes * 60)
    recording = write_flac(speech.samples)
    figures: dict[str, Any] = {"machine": describe_machine(), "upload_mb": len(recording) / 1e6}
    port = _free_port()
    if args.memory_seconds is not None:
        with started(port) as (server, client):
            figures |= measure_memory(client, server, recording, args.memory_seconds)
        print_json(figures)
        return
    with started(port) as (server, client):
        figures["job"] = run_to_end(client, server, recording, speech.text)
        if args.probe_seconds > 0:
            figures |= probe_and_cancel(client, server, recording, args.probe_seconds)
        lost = submit(client, recording)
        time.sleep(2.0)
        for process in server.processes():
            process.send_signal(signal.SIGKILL)
    with started(port) as (_, client):
        figures["state_after_restart"] = state_of(client, lost)["state"]
    print_json(figures)


if __name__ == "__main__":
    main()
