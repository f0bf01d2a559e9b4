"""The result of decoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from runners.transcriber.transcript import SAMPLE_RATE as SAMPLE_RATE  # of all decoded audio

Samples = npt.NDArray[np.float32]
AudioQuality = Literal["excellent", "good", "fair", "poor"]


@dataclass(frozen=True, slots=True)
class AudioLevels:
    """How loud a recording is."""

    level: float
    """Of the loud parts, in dB relative to full scale: 0 is the loudest, -90 is silence."""
    noise: float
    """Of the quiet parts, in the same unit."""
    clipped: float
    """Share of the samples at full scale."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of the file's timeline without audio.

    A paused recorder causes one, and so does a lost fragment: they cannot be distinguished.
    """

    start: float
    """Seconds of audio before it."""
    seconds: float
    """Its length."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A decoded recording: mono, 16 kHz."""

    samples: Samples
    """Shape (n,), within [-1, 1]."""
    sample_rate: int
    """Samples per second, always `SAMPLE_RATE`."""
    container: str
    """Such as wav, mp3, ogg, webm or mp4 (also for M4A and 3GP); see `formats.CONTAINERS`."""
    codec: str
    """The codec's name in ffmpeg, such as "opus" or "pcm_s16le"."""
    gaps: tuple[Gap, ...] = ()
    """In order; they are not filled with silence."""

    @property
    def duration(self) -> float:
        """Length of the audio in seconds."""
        return len(self.samples) / self.sample_rate
