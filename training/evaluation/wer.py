"""Word error rate and speed of the transcriber on a folder of recordings.

    python -m training.evaluation.wer --data FOLDER [--model FOLDER_OR_TAG] [--threads N]

FOLDER/manifest.jsonl names the recordings, one JSON object a line:

    {"path": "a/b.flac", "lang": "en", "kind": "libri-test-other", "text": "what is said"}

`lang` "none" marks a recording without speech: whatever is heard in it is invented, and counted.
The text is normalized as for OpenAI's published figures (whisper_normalizer) before jiwer counts.
The last line of the output is the whole result as JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import jiwer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from runners.transcriber.transcriber import Transcriber, TranscriptionRequest
from samo.audio import decode

_GROUPS = {"libri-test-other": "LibriSpeech test-other", "ljspeech": "LJSpeech"}
_LANGUAGES = {"en": "other English", "de": "German", "es": "Spanish", "none": "no speech"}


@dataclass(frozen=True, slots=True)
class Recording:
    """A line of the manifest."""

    path: Path
    language: str
    kind: str
    text: str

    @property
    def group(self) -> str:
        """The row of the table that it counts in."""
        return _GROUPS.get(self.kind) or _LANGUAGES.get(self.language, self.language)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the transcriber made of a recording."""

    recording: Recording
    text: str
    language: str | None
    audio_seconds: float
    compute_seconds: float


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of one group."""

    files: int
    audio_seconds: float
    word_error_rate: float | None
    """Errors to reference words; None for recordings without speech."""
    real_time_factor: float
    """Seconds of computing a second of audio: lower is faster."""
    wrong_language: int
    """Recordings whose detected language differs from the manifest's."""
    invented: int
    """Recordings without speech in which text was heard."""


def read_manifest(folder: Path) -> list[Recording]:
    """Read folder/manifest.jsonl."""
    with (folder / "manifest.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [Recording(folder / row["path"], row["lang"], row["kind"], row["text"]) for row in rows]


def hear(transcriber: Transcriber, recording: Recording, *, detect_language: bool) -> Heard:
    """Transcribe one recording; decoding the file counts as computing."""
    known = recording.language if recording.language != "none" and not detect_language else None
    start = time.perf_counter()
    audio = decode(recording.path.read_bytes())
    request = TranscriptionRequest(audio.samples, language=known)
    (transcript,) = transcriber.predict([transcriber.prepare(request)])
    elapsed = time.perf_counter() - start
    return Heard(recording, transcript.text, transcript.language, audio.duration, elapsed)


def score(heard: Iterable[Heard]) -> dict[str, Score]:
    """Score each group, groups in the order of their first recording."""
    groups: dict[str, list[Heard]] = defaultdict(list)
    for item in heard:
        groups[item.recording.group].append(item)
    return {group: _score_group(items) for group, items in groups.items()}


def _score_group(items: list[Heard]) -> Score:
    spoken = [item for item in items if item.recording.language != "none"]
    audio_seconds = sum(item.audio_seconds for item in items)
    return Score(
        files=len(items),
        audio_seconds=round(audio_seconds, 1),
        word_error_rate=word_error_rate(spoken) if spoken else None,
        real_time_factor=round(sum(item.compute_seconds for item in items) / audio_seconds, 3),
        wrong_language=sum(item.language != item.recording.language for item in spoken),
        invented=sum(bool(item.text) for item in items) if not spoken else 0,
    )


def word_error_rate(items: list[Heard]) -> float:
    """Errors to reference words over all of `items`, texts normalized by their language."""
    normalize: dict[bool, Callable[[str], str]] = {
        True: EnglishTextNormalizer(),
        False: BasicTextNormalizer(),
    }
    said, heard = [], []
    for item in items:
        clean = normalize[item.recording.language == "en"]
        said.append(clean(item.recording.text))
        heard.append(clean(item.text))
    return round(float(jiwer.wer(said, heard)), 4)


def _model_folder(folder_or_tag: str) -> Path:
    if Path(folder_or_tag).is_dir():
        return Path(folder_or_tag)
    # Imported here: a folder can be measured without a model store.
    import bentoml

    return Path(bentoml.models.get(folder_or_tag).path)


def _table(scores: dict[str, Score]) -> Table:
    table = Table("group", title="Transcriber")
    for column in ("files", "audio s", "WER %", "real-time factor", "wrong language", "invented"):
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
    return table


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluation.wer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.jsonl")
    parser.add_argument(
        "--model",
        default="samo-transcriber",
        help="folder of an exported model, or its tag in the BentoML model store (%(default)s)",
    )
    parser.add_argument("--threads", type=int, default=1, help="threads to use (%(default)s)")
    parser.add_argument(
        "--detect-language",
        action="store_true",
        help="detect the language instead of taking the manifest's",
    )
    arguments = parser.parse_args()

    recordings = read_manifest(arguments.data)
    transcriber = Transcriber.load(_model_folder(arguments.model), threads=arguments.threads)
    transcriber.warm_up()
    # Progress goes to stderr: what is printed can be piped.
    console = Console(stderr=True)
    heard = [
        hear(transcriber, recording, detect_language=arguments.detect_language)
        for recording in track(recordings, description="Transcribing", console=console)
    ]
    scores = score(heard)
    Console().print(_table(scores))
    for item in heard:
        name, language = item.recording.path.name, item.recording.language
        if language == "none" and item.text:
            print(f"invented in {name}: {item.text}")
        elif language not in {"none", item.language}:
            print(f"{name} taken for {item.language}: {item.text}")
    print(json.dumps({group: asdict(row) for group, row in scores.items()}))


if __name__ == "__main__":
    main()
