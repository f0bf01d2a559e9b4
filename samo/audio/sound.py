"""What decoding gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from runners.transcriber.transcript import SAMPLE_RATE as SAMPLE_RATE  # of all decoded audio

Samples = npt.NDArray[np.float32]
Quality = Literal["excellent", "good", "fair", "poor"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of the file's own timeline for which the file holds no sound.

    A recorder that was paused leaves one, and so does a fragment that was lost: they look the same.
    """

    at: float
    """Seconds of sound before it."""
    seconds: float
    """Length of the stretch."""


@dataclass(frozen=True, slots=True)
class Audio:
    """A decoded recording: mono, 16 kHz."""

    samples: Samples
    """Shape (n,), within [-1, 1]."""
    sample_rate: int
    """Samples per second, always `SAMPLE_RATE`."""
    container: str
    """Such as wav, mp3, ogg, mp4 (which M4A and 3GP are) or webm; see `formats.CONTAINERS`."""
    codec: str
    """The codec's name in ffmpeg, such as "opus" or "pcm_s16le"."""
    gaps: tuple[Gap, ...] = ()
    """In the order of time; gaps are not filled with silence."""

    @property
    def duration(self) -> float:
        """Length of the sound in seconds."""
        return len(self.samples) / self.sample_rate
