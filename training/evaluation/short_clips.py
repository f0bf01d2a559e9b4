"""First and last words of short clips, by the audio that is kept around speech.

    python -m training.evaluation.short_clips --data FOLDER [--model FOLDER] [--seconds 6]

FOLDER/manifest.jsonl is that of `training.evaluation.wer`. Each recording of up to `--seconds` is
transcribed as it is, and with the silence before and after its speech cut off, as an app sends it
that records while a button is pressed. For each padding, the table has the word error rate and how
many of the first and of the last words are missing. The last line of the output is the result as
JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import jiwer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from whisper_normalizer.english import EnglishTextNormalizer

from exporting.store import model_folder
from runners.transcriber.transcriber import Transcriber, TranscriptionRequest, VoiceDetection
from runners.transcriber.voice_activity import (
    FRAME_SAMPLES,
    Samples,
    amplify,
    detect_voice,
    true_runs,
)
from samo.audio import decode
from training.evaluation.wer import load_manifest

PADDING_SECONDS: Final = (0.0, 0.2, 0.4, 0.8)


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of all clips at one padding."""

    padding_seconds: float
    clips: int
    word_error_rate: float
    missing_first_words: int
    missing_last_words: int


def trim(samples: Samples) -> Samples:
    """Cut off what the detector does not call speech, before and after it."""
    spans = true_runs(detect_voice(amplify(samples)).speech)
    return samples[spans[0][0] * FRAME_SAMPLES : spans[-1][1] * FRAME_SAMPLES]


def transcribe(transcriber: Transcriber, samples: Samples, padding_seconds: float) -> str:
    """The text of a clip with this padding on both sides."""
    detection = VoiceDetection(seconds_before=padding_seconds, seconds_after=padding_seconds)
    request = TranscriptionRequest(samples, language="en", voice_detection=detection)
    (transcript,) = transcriber.predict([transcriber.prepare(request)])
    return transcript.text


def compare(padding_seconds: float, references: Sequence[str], texts: Sequence[str]) -> Row:
    """Count the missing first and last words; all texts are normalized."""
    pairs = [(one.split(), other.split()) for one, other in zip(references, texts, strict=True)]
    return Row(
        padding_seconds,
        len(texts),
        round(float(jiwer.wer(list(references), list(texts))), 4),
        sum(reference[0] not in text[:2] for reference, text in pairs),
        sum(reference[-1] not in text[-2:] for reference, text in pairs),
    )


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table("padding s", title=title)
    for column in ("clips", "WER %", "first word missing", "last word missing"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            f"{row.padding_seconds:g}",
            str(row.clips),
            f"{100 * row.word_error_rate:.2f}",
            str(row.missing_first_words),
            str(row.missing_last_words),
        )
    return table


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluation.short_clips",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument(
        "--model", type=Path, help="folder of an exported model; default: the newest in the store"
    )
    parser.add_argument("--seconds", type=float, default=6.0, help="longest clip (%(default)s)")
    args = parser.parse_args()

    transcriber = Transcriber.load(args.model or model_folder("samo-transcriber"), threads=1)
    normalize = EnglishTextNormalizer()
    clips: dict[str, list[Samples]] = {"as recorded": [], "cut to the speech": []}
    references = []
    for recording in load_manifest(args.data):
        if recording.language != "en":
            continue
        audio = decode(recording.path.read_bytes())
        if audio.duration <= args.seconds:
            references.append(normalize(recording.text))
            clips["as recorded"].append(audio.samples)
            clips["cut to the speech"].append(trim(audio.samples))
    result = {}
    for name, samples in clips.items():
        rows = []
        for padding in track(PADDING_SECONDS, description=name, console=Console(stderr=True)):
            texts = [normalize(transcribe(transcriber, clip, padding)) for clip in samples]
            rows.append(compare(padding, references, texts))
        Console().print(_table(name, rows))
        result[name] = [asdict(row) for row in rows]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
