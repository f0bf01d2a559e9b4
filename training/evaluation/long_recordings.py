"""Compare the transcriber as served with faster-whisper's batched pipeline on long recordings.

    python -m training.evaluation.long_recordings --data FOLDER [--rounds 2]

The recordings are those of `training.evaluation.wer` that are longer than a minute. The methods
alternate. For each the real-time factor and the word error rate are printed. The last line of
output is JSON.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from faster_whisper import BatchedInferencePipeline, WhisperModel
from tqdm import tqdm

from exporting.store import model_folder
from runners.transcriber.transcriber import SAMPLE_RATE, Transcriber, TranscriptionRequest
from samo.audio import decode
from training.arrays import Array
from training.command_line import command_parser, print_json, print_table
from training.evaluation.wer import (
    Hypothesis,
    ReferenceRecording,
    load_manifest,
    word_error_rate,
)

MIN_SECONDS: Final = 60.0
BATCH_SIZES: Final = (2, 8)

# From samples, of shape (samples,) and dtype float32, and a language to the text.
Transcribe = Callable[[Array, str], str]


def load_methods(folder: Path, threads: int) -> dict[str, Transcribe]:
    """Load the model in `folder` for each method; return the methods by name."""
    served = Transcriber.load(folder, threads=threads)
    served.warm_up()
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    pipeline = BatchedInferencePipeline(model)

    def as_served(samples: Array, language: str) -> str:
        (transcript,) = served.predict([TranscriptionRequest(samples, language=language)])
        return transcript.text

    def batched(size: int) -> Transcribe:
        def transcribe(samples: Array, language: str) -> str:
            segments, _ = pipeline.transcribe(
                samples, language=language, batch_size=size, beam_size=5, without_timestamps=False
            )
            return "".join(segment.text for segment in segments)

        return transcribe

    return {"as served": as_served, **{f"batches of {n}": batched(n) for n in BATCH_SIZES}}


def load_long_recordings(data: Path) -> list[tuple[ReferenceRecording, Array]]:
    """Load the recordings with speech that are longer than `MIN_SECONDS`, with their samples."""
    recordings = []
    for recording in load_manifest(data):
        samples = decode(recording.path.read_bytes()).samples
        if len(samples) > MIN_SECONDS * SAMPLE_RATE and recording.text:
            recordings.append((recording, samples))
    return recordings


def compare(
    methods: dict[str, Transcribe],
    recordings: Sequence[tuple[ReferenceRecording, Array]],
    rounds: int,
) -> dict[str, dict[str, float]]:
    """Transcribe every recording `rounds` times with each method; return the metrics by method."""
    hypotheses: dict[str, list[Hypothesis]] = {name: [] for name in methods}
    for recording, samples in tqdm([*recordings] * rounds, desc="transcribing", unit="recording"):
        for name, transcribe in methods.items():
            start = time.perf_counter()
            text = transcribe(samples, recording.language)
            elapsed = time.perf_counter() - start
            audio_seconds = len(samples) / SAMPLE_RATE
            hypotheses[name].append(
                Hypothesis(recording, text, recording.language, audio_seconds, elapsed)
            )
    return {
        name: {
            "real_time_factor": statistics.median(
                item.compute_seconds / item.audio_seconds for item in items
            ),
            "word_error_rate": word_error_rate(items),
        }
        for name, items in hypotheses.items()
    }


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.evaluation.long_recordings",
        "Compare ways to transcribe recordings of more than a minute. The last line is JSON.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument("--rounds", type=int, default=2, help="number of rounds")
    parser.add_argument("--threads", type=int, default=1, help="number of threads")
    args = parser.parse_args()
    recordings = load_long_recordings(args.data)
    methods = load_methods(model_folder("samo-transcriber"), args.threads)
    figures = compare(methods, recordings, args.rounds)
    print_table(f"{len(recordings)} recordings", figures, digits=4)
    print_json(figures)


if __name__ == "__main__":
    main()
