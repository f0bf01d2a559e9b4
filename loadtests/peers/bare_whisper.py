"""Measure faster-whisper without a server, for one file, with the service's settings.

Prints one line of JSON with the seconds of each repeat. faster-whisper decodes the file and applies
its voice activity detection, as in its documentation.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from faster_whisper import WhisperModel

from loadtests.peers.model import FOLDER_VARIABLE, THREADS_VARIABLE

LANGUAGE = "en"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--repeats", type=int, default=2)
    args = parser.parse_args()
    model = WhisperModel(
        os.environ[FOLDER_VARIABLE],
        device="cpu",
        compute_type="int8",
        cpu_threads=int(os.environ[THREADS_VARIABLE]),
    )
    seconds = []
    text = ""
    for _ in range(args.repeats + 1):
        start = time.perf_counter()
        segments, _info = model.transcribe(
            str(args.recording),
            language=LANGUAGE,
            beam_size=5,
            temperature=(0.0, 0.4, 0.8),
            vad_filter=True,
            vad_parameters={"min_speech_duration_ms": 100},
            condition_on_previous_text=False,
        )
        text = "".join(segment.text for segment in segments).strip()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds[1:], "text": text}))  # the first is the warm-up


if __name__ == "__main__":
    main()
