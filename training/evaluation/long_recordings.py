"""Long recordings by faster-whisper's batched pipeline and as they are served, window by window.

    python -m training.evaluation.long_recordings --data FOLDER [--rounds 2]

Takes what `training.evaluation.wer` takes for longer than a minute, and alternates: seconds of
computing a second of audio, and word errors. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from faster_whisper import BatchedInferencePipeline, WhisperModel
from rich.console import Console
from rich.progress import track
from rich.table import Table

from exporting.store import model_folder
from runners.transcriber.transcriber import SAMPLE_RATE, Transcriber, TranscriptionRequest
from samo.audio import decode
from training.evaluation.wer import Heard, Recording, read_manifest, word_error_rate

LONG_SECONDS = 60.0
BATCH_SIZES = (2, 8)

Audio = npt.NDArray[np.float32]


def ways(folder: Path, threads: int) -> dict[str, Callable[[Audio, str], str]]:
    """Each way to transcribe samples of a language, by name."""
    served = Transcriber.load(folder, threads=threads)
    served.warm_up()
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    pipeline = BatchedInferencePipeline(model)

    def one_by_one(samples: Audio, language: str) -> str:
        (transcript,) = served.predict([TranscriptionRequest(samples, language=language)])
        return transcript.text

    def batched(size: int) -> Callable[[Audio, str], str]:
        def transcribe(samples: Audio, language: str) -> str:
            segments, _ = pipeline.transcribe(
                samples, language=language, batch_size=size, beam_size=5, without_timestamps=False
            )
            return "".join(segment.text for segment in segments)

        return transcribe

    return {
        "as it is served": one_by_one,
        **{f"batches of {n}": batched(n) for n in BATCH_SIZES},
    }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluation.long_recordings",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    recordings: list[tuple[Recording, Audio]] = []
    for recording in read_manifest(options.data):
        samples = decode(recording.path.read_bytes()).samples
        if len(samples) > LONG_SECONDS * SAMPLE_RATE and recording.text:
            recordings.append((recording, samples))
    transcribe = ways(model_folder("samo-transcriber"), options.threads)
    heard: dict[str, list[Heard]] = {name: [] for name in transcribe}
    console = Console(stderr=True)
    for _ in track(range(options.rounds), "rounds", console=console):
        for recording, samples in recordings:
            for name, way in transcribe.items():
                start = time.perf_counter()
                text = way(samples, recording.language)
                seconds = time.perf_counter() - start
                audio = len(samples) / SAMPLE_RATE
                heard[name].append(Heard(recording, text, recording.language, audio, seconds))
    table = Table("way", "real-time factor", "WER %", title=f"{len(recordings)} recordings")
    result = {}
    for name, items in heard.items():
        factor = statistics.median(item.compute_seconds / item.audio_seconds for item in items)
        rate = word_error_rate(items)
        table.add_row(name, f"{factor:.3f}", f"{100 * rate:.2f}")
        result[name] = {"real_time_factor": round(factor, 4), "word_error_rate": rate}
    console.print(table)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
