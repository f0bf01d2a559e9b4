"""Compare a recording transcribed in one pass with its parts transcribed side by side.

    python -m training.evaluation.side_by_side --data FOLDER [--workers 2] [--seconds 240]

The recordings are those of the manifest that are longer than a minute, and LibriSpeech's joined to
recordings of `--seconds`. For both ways, which alternate, the word error rate and the seconds are
printed. The last line of output is JSON.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from tqdm import tqdm

from exporting.store import model_folder
from runners.transcriber.parts import PartRequest, TranscribedParts, divide, divide_section
from runners.transcriber.transcriber import SAMPLE_RATE, Transcriber, TranscriptionRequest
from samo.limits import MAX_AUDIO_SECONDS
from training.arrays import Array
from training.command_line import command_parser, print_json, print_table
from training.evaluation.joined_speech import KIND, joined_speech
from training.evaluation.long_recordings import load_long_recordings
from training.evaluation.wer import Hypothesis, ReferenceRecording, word_error_rate

# From samples, of shape (samples,) and dtype float32, to the text.
Transcribe = Callable[[Array], str]
_SECTION: Final = int(MAX_AUDIO_SECONDS * SAMPLE_RATE)


def load_recordings(data: Path, seconds: float) -> list[tuple[ReferenceRecording, Array]]:
    """Load the long recordings and the joined ones."""
    joined = [
        (ReferenceRecording(Path(f"joined-{number}"), "en", KIND, speech.text), speech.samples)
        for number, speech in enumerate(joined_speech(data, seconds))
    ]
    return [*load_long_recordings(data), *joined]


def in_one_pass(transcriber: Transcriber) -> Transcribe:
    """One request for the recording."""

    def transcribe(samples: Array) -> str:
        (transcript,) = transcriber.predict([TranscriptionRequest(samples)])
        return transcript.text

    return transcribe


def side_by_side(transcriber: Transcriber, workers: int) -> Transcribe:
    """A request for each part, as the service makes them: the first one decides on the language."""

    def transcribe_parts(parts: Sequence[PartRequest]) -> str:
        joined = TranscribedParts()
        (first,) = transcriber.predict(parts[:1])
        joined.add(parts[0].start_sample, first)
        rest = [replace(part, main_language=joined.main_language) for part in parts[1:]]
        with ThreadPoolExecutor(workers) as executor:
            outputs = executor.map(lambda part: transcriber.predict([part])[0], rest)
            for part, transcript in zip(rest, outputs, strict=True):
                joined.add(part.start_sample, transcript)
        return joined.text

    def transcribe(samples: Array) -> str:
        if len(samples) <= _SECTION:
            return transcribe_parts(divide(TranscriptionRequest(samples)))
        parts: list[PartRequest] = []
        start = 0
        while start < len(samples):
            section = TranscriptionRequest(samples[start : start + _SECTION])
            is_last = start + _SECTION >= len(samples)
            found, used = divide_section(section, start, is_last=is_last)
            parts += found
            start += used
        return transcribe_parts(parts)

    return transcribe


def compare(
    methods: dict[str, Transcribe], recordings: Sequence[tuple[ReferenceRecording, Array]]
) -> dict[str, dict[str, float]]:
    """Transcribe every recording with each method; return the figures by method."""
    hypotheses: dict[str, list[Hypothesis]] = {name: [] for name in methods}
    for recording, samples in tqdm(recordings, desc="transcribing", unit="recording"):
        for name, transcribe in methods.items():
            start = time.perf_counter()
            text = transcribe(samples)
            seconds = time.perf_counter() - start
            hypotheses[name].append(
                Hypothesis(recording, text, None, len(samples) / SAMPLE_RATE, seconds)
            )
    return {
        name: {
            "word_error_rate": word_error_rate(items),
            "audio_seconds": round(sum(item.audio_seconds for item in items), 1),
            "seconds": round(sum(item.compute_seconds for item in items), 1),
        }
        for name, items in hypotheses.items()
    }


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.evaluation.side_by_side",
        "Compare one pass with parts side by side. The last line is JSON.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument("--workers", type=int, default=2, help="parts that are computed at once")
    parser.add_argument("--seconds", type=float, default=240, help="length of joined recordings")
    args = parser.parse_args()
    transcriber = Transcriber.load(
        model_folder("samo-transcriber"), threads=1, num_workers=args.workers
    )
    transcriber.warm_up()
    methods = {
        "one pass": in_one_pass(transcriber),
        "side by side": side_by_side(transcriber, args.workers),
    }
    figures = compare(methods, load_recordings(args.data, args.seconds))
    print_table("One pass and side by side", figures, digits=4)
    print_json(figures)


if __name__ == "__main__":
    main()
