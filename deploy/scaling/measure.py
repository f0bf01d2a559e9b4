"""Measure the CPU seconds per request, which depend less on other load than wall time.

    SAMO_THREADS=2 make serve PORT=3600      # in another terminal
    python -m deploy.scaling.measure --url http://localhost:3600 --pid PID

PID is the server's process; its child processes are included.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx
from rich.progress import track

ROOT: Final = Path(__file__).resolve().parents[2]
MEASURED: Final = Path(__file__).with_name("measured.json")
ENTRY: Final = (
    "I finally saw my cousins after ten years and was so happy I cried. We cooked dinner and "
    "somebody talked about the weather for an hour. Work was slow today and I could not focus. "
    "My boss was annoyed, and I felt guilty about the report. Now they are gone and I miss them."
)


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds used so far by a process, its threads and its descendants."""
    used = sum(
        int((task / "schedstat").read_text().split()[0])
        for task in Path(f"/proc/{pid}/task").iterdir()
    )
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return used / 1e9 + sum(cpu_seconds(int(child)) for child in children)


def measure(
    send: Callable[[], httpx.Response], pid: int, times: int, description: str
) -> list[float]:
    """Return the CPU seconds of `times` sequential requests, after two for warm-up."""
    seconds = []
    for index in track(range(times + 2), description):
        before = cpu_seconds(pid)
        send().raise_for_status()
        if index >= 2:
            seconds.append(round(cpu_seconds(pid) - before, 4))
    return seconds


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--times", type=int, default=20, help="requests per kind (default: 20)")
    args = parser.parse_args()
    recording = (ROOT / "tests" / "data" / "entry.flac").read_bytes()
    with httpx.Client(base_url=args.url, timeout=300) as client:
        measured = {
            "typed": measure(
                lambda: client.post("/analyze/journal", json={"text": ENTRY}),
                args.pid,
                args.times,
                "typed entries, five sentences",
            ),
            "spoken": measure(
                lambda: client.post("/analyze/voice-journal", files={"audio_file": recording}),
                args.pid,
                args.times,
                "spoken entries, 12 s",
            ),
        }
    MEASURED.write_text(json.dumps(measured, indent=1) + "\n")
    for kind, seconds in measured.items():
        print(f"{kind}: {sum(seconds) / len(seconds):.3f} CPU s per request ({min(seconds):.3f} to "
              f"{max(seconds):.3f})")  # fmt: skip


if __name__ == "__main__":
    main()
