"""Assess how well the speech in a recording can be understood."""

from __future__ import annotations

from typing import Final

import numpy as np

from samo.audio.types import SAMPLE_RATE, Audio, AudioLevels, AudioQuality, Samples

# Energy of 16-bit silence: digital zeros would make the signal-to-noise ratio infinite.
_SILENCE_DECIBELS: Final = -90.0


_FRAME: Final = SAMPLE_RATE // 40
_MIN_FRAMES: Final = 4


def measure_levels(audio: Audio) -> AudioLevels | None:
    """Measure level, noise and clipping; None for less than 0.1 s.

    The level is the 95th percentile of the energy of frames of 25 ms. The 10th percentile is the
    noise, because speech has pauses with nothing but noise.
    """
    meter = LevelMeter()
    meter.add(audio.samples)
    return meter.levels


class LevelMeter:
    """As `measure_levels`, for a recording in blocks, of whole frames except for the last one."""

    def __init__(self) -> None:
        self._energies: list[Samples] = []
        self._clipped = 0
        self._samples = 0

    def add(self, samples: Samples) -> None:
        """The next block, of shape (n,)."""
        count = len(samples) // _FRAME
        frames = samples[: count * _FRAME].reshape(count, _FRAME)
        self._energies.append(np.mean(np.square(frames), axis=1))
        self._clipped += int(np.count_nonzero(np.abs(samples) >= 0.999))
        self._samples += len(samples)

    @property
    def levels(self) -> AudioLevels | None:
        """The levels of all blocks together."""
        energies = np.concatenate(self._energies) if self._energies else np.zeros(0, np.float32)
        if len(energies) < _MIN_FRAMES:
            return None
        decibels = np.maximum(10 * np.log10(energies + 1e-12), _SILENCE_DECIBELS)
        noise, level = np.percentile(decibels, [10, 95])
        return AudioLevels(float(level), float(noise), self._clipped / self._samples)


def assess_quality(levels: AudioLevels | None) -> AudioQuality:
    """Assess a recording by its level, signal-to-noise ratio and clipping.

    The worst of the three criteria decides:

        |           | level      | signal-to-noise ratio | samples at full scale |
        | excellent | >= -35 dB  | >= 25 dB              | <= 0.01 %             |
        | good      | >= -42 dB  | >= 15 dB              | <= 0.1 %              |
        | fair      | >= -50 dB  | >= 8 dB               | <= 1 %                |
        | poor      | below      | below                 | above                 |

    A recording that is too short to be measured is poor.
    """
    if levels is None:
        return "poor"
    rules: tuple[tuple[AudioQuality, float, float, float], ...] = (
        ("excellent", -35.0, 25.0, 0.0001),
        ("good", -42.0, 15.0, 0.001),
        ("fair", -50.0, 8.0, 0.01),
    )
    for quality, min_level, min_ratio, max_clipped in rules:
        if (
            levels.level >= min_level
            and levels.level - levels.noise >= min_ratio
            and levels.clipped <= max_clipped
        ):
            return quality
    return "poor"
