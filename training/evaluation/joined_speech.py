"""Long recordings of real speech, joined from the short ones of LibriSpeech."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.frame import AudioFrame

from samo.audio import SAMPLE_RATE, decode
from training.arrays import Array
from training.evaluation.wer import load_manifest

KIND: Final = "libri-test-other"
# Readers pause about this long between paragraphs.
PAUSE_SECONDS: Final = 0.7


@dataclass(frozen=True, slots=True)
class JoinedSpeech:
    """A recording of shape (samples,), float32, with its reference text."""

    samples: Array
    text: str


def join_speech(data: Path, seconds: float) -> JoinedSpeech:
    """Join recordings of LibriSpeech, repeated if necessary, to at least `seconds`."""
    return next(_joined(cycle(_short_recordings(data)), seconds))


def joined_speech(data: Path, seconds: float) -> list[JoinedSpeech]:
    """Join all recordings of LibriSpeech, each once, to recordings of about `seconds`."""
    return list(_joined(_short_recordings(data), seconds))


def write_flac(samples: Array) -> bytes:
    """Encode samples as a FLAC of 16 bits."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        values = np.clip(samples * 32768, -32768, 32767).astype(np.int16)
        for start in range(0, len(values), 4096):
            frame = AudioFrame.from_ndarray(values[None, start : start + 4096], "s16", "mono")
            frame.sample_rate = SAMPLE_RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _short_recordings(data: Path) -> list[tuple[Array, str]]:
    return [
        (decode(recording.path.read_bytes()).samples, recording.text)
        for recording in load_manifest(data)
        if recording.kind == KIND
    ]


def _joined(recordings: Iterable[tuple[Array, str]], seconds: float) -> Iterator[JoinedSpeech]:
    pause = np.zeros(int(PAUSE_SECONDS * SAMPLE_RATE), np.float32)
    pieces: list[Array] = []
    texts: list[str] = []
    for samples, text in recordings:
        pieces += [samples, pause]
        texts.append(text)
        if sum(map(len, pieces)) >= seconds * SAMPLE_RATE:
            yield JoinedSpeech(np.concatenate(pieces), " ".join(texts))
            pieces, texts = [], []
    if pieces:
        yield JoinedSpeech(np.concatenate(pieces), " ".join(texts))
