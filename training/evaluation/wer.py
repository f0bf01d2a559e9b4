"""Word error rate and speed of the transcriber on a folder of recordings.

    python -m training.evaluation.wer --data FOLDER [--model FOLDER] [--threads N]

FOLDER/manifest.jsonl names the recordings, one JSON object per line:

    {"path": "a/b.flac", "lang": "en", "kind": "libri-test-other", "text": "the reference"}

`lang` is "none" for a recording without speech; any text in its transcript is a hallucination.
Texts are normalized as for OpenAI's published results (whisper_normalizer) before jiwer counts the
errors. The last line of output is JSON.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import jiwer
from rich.console import Console
from rich.table import Table
from tqdm import tqdm
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from exporting.store import model_folder
from runners.transcriber.transcriber import Transcriber, TranscriptionRequest
from samo.audio import decode
from training.command_line import command_parser, print_json
from training.emotion.data import read_lines

NO_SPEECH: Final = "none"
_GROUPS: Final = {"libri-test-other": "LibriSpeech test-other", "ljspeech": "LJSpeech"}
_LANGUAGES: Final = {"en": "other English", "de": "German", "es": "Spanish", NO_SPEECH: "no speech"}


@dataclass(frozen=True, slots=True)
class ReferenceRecording:
    """A line of the manifest; `text` is the reference."""

    path: Path
    language: str
    kind: str
    text: str

    @property
    def group(self) -> str:
        """The row of the table that it belongs to."""
        return _GROUPS.get(self.kind) or _LANGUAGES.get(self.language, self.language)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The transcript of a recording, the detected language, and the durations in seconds."""

    recording: ReferenceRecording
    text: str
    language: str | None
    audio_seconds: float
    compute_seconds: float


@dataclass(frozen=True, slots=True)
class GroupScore:
    """The metrics of one group."""

    files: int
    audio_seconds: float
    word_error_rate: float | None
    """Errors divided by reference words; None for recordings without speech."""
    real_time_factor: float
    """Seconds of computing per second of audio; lower is faster."""
    wrong_language: int
    """Number of recordings whose detected language differs from the manifest's."""
    invented: int
    """Number of recordings without speech that have a transcript: hallucinations."""


def load_manifest(folder: Path) -> list[ReferenceRecording]:
    """Load `folder`/manifest.jsonl."""
    return [
        ReferenceRecording(folder / row["path"], row["lang"], row["kind"], row["text"])
        for _, row in read_lines([folder / "manifest.jsonl"])
    ]


def transcribe(
    transcriber: Transcriber, recording: ReferenceRecording, *, detect_language: bool
) -> Hypothesis:
    """Transcribe one recording; `compute_seconds` contains the decoding of the file."""
    is_known = recording.language != NO_SPEECH and not detect_language
    start = time.perf_counter()
    audio = decode(recording.path.read_bytes())
    request = TranscriptionRequest(audio.samples, language=recording.language if is_known else None)
    (transcript,) = transcriber.predict([transcriber.prepare(request)])
    elapsed = time.perf_counter() - start
    return Hypothesis(recording, transcript.text, transcript.language, audio.duration, elapsed)


def score(hypotheses: Iterable[Hypothesis]) -> dict[str, GroupScore]:
    """Score each group; groups are in the order of their first recording."""
    groups: dict[str, list[Hypothesis]] = defaultdict(list)
    for hypothesis in hypotheses:
        groups[hypothesis.recording.group].append(hypothesis)
    return {group: _score_group(members) for group, members in groups.items()}


def _score_group(hypotheses: list[Hypothesis]) -> GroupScore:
    speech = [item for item in hypotheses if item.recording.language != NO_SPEECH]
    silent = [item for item in hypotheses if item.recording.language == NO_SPEECH]
    audio_seconds = sum(item.audio_seconds for item in hypotheses)
    compute_seconds = sum(item.compute_seconds for item in hypotheses)
    return GroupScore(
        files=len(hypotheses),
        audio_seconds=round(audio_seconds, 1),
        word_error_rate=word_error_rate(speech) if speech else None,
        real_time_factor=round(compute_seconds / audio_seconds, 3),
        wrong_language=sum(item.language != item.recording.language for item in speech),
        invented=sum(bool(item.text) for item in silent),
    )


def word_error_rate(hypotheses: list[Hypothesis]) -> float:
    """Errors divided by reference words, over all recordings together."""
    normalizers: dict[bool, Callable[[str], str]] = {
        True: EnglishTextNormalizer(),
        False: BasicTextNormalizer(),
    }
    references, texts = [], []
    for item in hypotheses:
        normalize = normalizers[item.recording.language == "en"]
        references.append(normalize(item.recording.text))
        texts.append(normalize(item.text))
    return round(float(jiwer.wer(references, texts)), 4)


def print_scores(scores: dict[str, GroupScore]) -> None:
    """Print one row per group."""
    table = Table("group", title="Transcriber")
    for column in (
        "files", "audio s", "WER %", "real-time factor", "wrong language", "hallucinated",
    ):  # fmt: skip
        table.add_column(column, justify="right")
    for group, row in scores.items():
        rate = "-" if row.word_error_rate is None else f"{100 * row.word_error_rate:.2f}"
        table.add_row(
            group,
            str(row.files),
            f"{row.audio_seconds:.0f}",
            rate,
            f"{row.real_time_factor:.3f}",
            str(row.wrong_language),
            str(row.invented),
        )
    Console().print(table)


def print_mistakes(hypotheses: Iterable[Hypothesis]) -> None:
    """Print the hallucinations and the recordings with a wrong language."""
    for item in hypotheses:
        name, language = item.recording.path.name, item.recording.language
        if language == NO_SPEECH and item.text:
            print(f"hallucinated in {name}: {item.text}")
        elif language not in {NO_SPEECH, item.language}:
            print(f"{name} detected as {item.language}: {item.text}")


def main() -> None:
    """Run the command line."""
    parser = command_parser(
        "training.evaluation.wer",
        "Measure word error rate and speed of the transcriber. The last line is JSON.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument(
        "--model", type=Path, help="folder of an exported model; default: the newest in the store"
    )
    parser.add_argument("--threads", type=int, default=1, help="number of threads")
    parser.add_argument(
        "--detect-language",
        action="store_true",
        help="detect the languages instead of using the manifest's",
    )
    args = parser.parse_args()
    folder = args.model or model_folder("samo-transcriber")
    transcriber = Transcriber.load(folder, threads=args.threads)
    transcriber.warm_up()
    hypotheses = [
        transcribe(transcriber, recording, detect_language=args.detect_language)
        for recording in tqdm(load_manifest(args.data), desc="transcribing", unit="recording")
    ]
    scores = score(hypotheses)
    print_scores(scores)
    print_mistakes(hypotheses)
    print_json({group: asdict(row) for group, row in scores.items()})


if __name__ == "__main__":
    main()
