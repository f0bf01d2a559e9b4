"""Assess how well the speech in a recording can be understood."""

from __future__ import annotations

from typing import Final

import numpy as np

from samo.audio.types import SAMPLE_RATE, Audio, AudioQuality, Samples

_FRAME: Final = SAMPLE_RATE // 40
_MIN_FRAMES: Final = 4


def assess_quality(audio: Audio) -> AudioQuality:
    """Assess a recording by its level, noise and clipping.

    The level is the 95th percentile of the energy of frames of 25 ms, in dB below full scale. The
    difference to the 10th percentile estimates the signal-to-noise ratio, because speech has pauses
    with nothing but noise. The worst of the three criteria decides:

        |           | level      | signal-to-noise ratio | samples at full scale |
        | excellent | >= -35 dB  | >= 25 dB              | <= 0.01 %             |
        | good      | >= -42 dB  | >= 15 dB              | <= 0.1 %              |
        | fair      | >= -50 dB  | >= 8 dB               | <= 1 %                |
        | poor      | below      | below                 | above                 |

    Less than 0.1 s is poor.
    """
    meter = QualityMeter()
    meter.add(audio.samples)
    return meter.quality


class QualityMeter:
    """Assesses a recording that is read in blocks, of whole frames except for the last one."""

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
    def quality(self) -> AudioQuality:
        """The quality of all blocks together."""
        energies = np.concatenate(self._energies) if self._energies else np.zeros(0, np.float32)
        if len(energies) < _MIN_FRAMES:
            return "poor"
        # The floor is 16-bit silence: digital zeros would make the ratio infinite.
        energy = np.maximum(10 * np.log10(energies + 1e-12), -90.0)
        noise, level = np.percentile(energy, [10, 95])
        clipped = self._clipped / self._samples
        rules: tuple[tuple[AudioQuality, float, float, float], ...] = (
            ("excellent", -35.0, 25.0, 0.0001),
            ("good", -42.0, 15.0, 0.001),
            ("fair", -50.0, 8.0, 0.01),
        )
        for quality, min_level, min_ratio, max_clipped in rules:
            if level >= min_level and level - noise >= min_ratio and clipped <= max_clipped:
                return quality
        return "poor"
