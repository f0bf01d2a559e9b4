"""Assess how well the speech in a recording can be understood."""

from __future__ import annotations

import numpy as np

from samo.audio.types import SAMPLE_RATE, Audio, AudioQuality


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
    frame = SAMPLE_RATE // 40
    count = len(audio.samples) // frame
    if count < 4:
        return "poor"
    frames = audio.samples[: count * frame].reshape(count, frame)
    # The floor is 16-bit silence: digital zeros would make the ratio infinite.
    energy = np.maximum(10 * np.log10(np.mean(np.square(frames), axis=1) + 1e-12), -90.0)
    noise, level = np.percentile(energy, [10, 95])
    clipped = float(np.mean(np.abs(audio.samples) >= 0.999))
    rules: tuple[tuple[AudioQuality, float, float, float], ...] = (
        ("excellent", -35.0, 25.0, 0.0001),
        ("good", -42.0, 15.0, 0.001),
        ("fair", -50.0, 8.0, 0.01),
    )
    for quality, min_level, min_ratio, max_clipped in rules:
        if level >= min_level and level - noise >= min_ratio and clipped <= max_clipped:
            return quality
    return "poor"
