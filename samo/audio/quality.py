"""Assess how well the speech in a recording can be understood."""

from __future__ import annotations

from typing import Final

import numpy as np

from samo.audio.types import SAMPLE_RATE, Audio, AudioLevels, AudioQuality

# Energy of 16-bit silence: digital zeros would make the signal-to-noise ratio infinite.
_SILENCE_DECIBELS: Final = -90.0


def measure_levels(audio: Audio) -> AudioLevels | None:
    """Measure level, noise and clipping; None for less than 0.1 s.

    The level is the 95th percentile of the energy of frames of 25 ms. The 10th percentile is the
    noise, because speech has pauses with nothing but noise.
    """
    frame = SAMPLE_RATE // 40
    count = len(audio.samples) // frame
    if count < 4:
        return None
    frames = audio.samples[: count * frame].reshape(count, frame)
    decibels = 10 * np.log10(np.mean(np.square(frames), axis=1) + 1e-12)
    noise, level = np.percentile(np.maximum(decibels, _SILENCE_DECIBELS), [10, 95])
    clipped = float(np.mean(np.abs(audio.samples) >= 0.999))
    return AudioLevels(float(level), float(noise), clipped)


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
