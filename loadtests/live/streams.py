"""What each speaker says: recordings with their references, joined with pauses."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from runners.transcriber.voice_activity import detect_voice
from samo.audio import decode
from training.evaluation.wer import ReferenceRecording

GROUPS: Final = ("libri-test-other", "ljspeech")
"""Kinds of recordings in the manifest that are played."""
RATE: Final = 16_000
SPEECH_PROBABILITY: Final = 0.2
"""From which a frame goes on with speech, in uploads and in the default turn detection."""
PAUSE_SECONDS: Final = 1.0
# A quiet room, so that pauses are no digital silence; the root mean square of -60 dB.
_NOISE: Final = 0.001


@dataclass(frozen=True, slots=True)
class Phrase:
    """A recording within a stream; times in seconds from the start of the stream."""

    recording: ReferenceRecording
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Stream:
    """The audio of one speaker."""

    samples: npt.NDArray[np.int16]
    """At 16 kHz."""
    phrases: tuple[Phrase, ...]
    speech: npt.NDArray[np.bool_]
    """Whether each frame of the voice activity detector may be speech."""

    @property
    def seconds(self) -> float:
        """Length, pauses included."""
        return len(self.samples) / RATE

    @property
    def speech_seconds(self) -> float:
        """Length of the recordings."""
        return sum(phrase.end - phrase.start for phrase in self.phrases)


def make_stream(recordings: Sequence[ReferenceRecording], seconds: float, first: int) -> Stream:
    """Join recordings, beginning with number `first`, until the stream has `seconds`."""
    return _join(itertools.islice(itertools.cycle(recordings), first, None), seconds, first)


def make_streams(recordings: Sequence[ReferenceRecording], seconds: float) -> list[Stream]:
    """Join recordings to streams of at most about `seconds`, each recording once."""
    streams: list[Stream] = []
    first = 0
    while first < len(recordings):
        streams.append(_join(recordings[first:], seconds, first))
        first += len(streams[-1].phrases)
    return streams


def _join(recordings: Iterable[ReferenceRecording], seconds: float, seed: int) -> Stream:
    noise = np.random.default_rng(seed)

    def quiet(length: int) -> npt.NDArray[np.float32]:
        return noise.normal(0, _NOISE, length).astype(np.float32)

    parts, at = [quiet(RATE)], 1.0
    phrases: list[Phrase] = []
    for recording in recordings:
        samples = decode(recording.path.read_bytes()).samples
        length = len(samples) / RATE
        if phrases and at + length > seconds:
            break
        phrases.append(Phrase(recording, at, at + length))
        pause = quiet(int(PAUSE_SECONDS * RATE))
        parts += [samples + quiet(len(samples)), pause]
        at += length + PAUSE_SECONDS
    joined = np.clip(np.concatenate(parts), -1, 1)
    speech = detect_voice(joined).probabilities >= SPEECH_PROBABILITY
    return Stream((joined * 32_767).astype(np.int16), tuple(phrases), speech)
