"""Mix channels to mono without losing speech, and measure the speech in a track.

The mean of the channels would lose speech: two channels with inverted signs cancel out, the five
silent channels of a 5.1 recording make the sixth 16 dB quieter, and the noise of a defective
channel masks the others.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from samo.audio.types import SAMPLE_RATE, Samples

_FRAME: Final = SAMPLE_RATE // 40
"""25 ms: shorter than a syllable, so that pauses between syllables show."""
_BLOCK: Final = SAMPLE_RATE // 2
"""Polarity is measured for each block of 0.5 s."""
# The level of noise and hum is steady; that of speech falls by 15 dB or more between syllables.
_STEADY_DB: Final = 6.0
_MASKING_DB: Final = -20.0
_OPPOSITE: Final = 0.5
_MIN_OFFSET: Final = 0.001


def mix(channels: npt.NDArray[np.float32]) -> Samples:
    """Mix channels of shape (n, channels) to mono of shape (n,), at the level of the loudest one.

    A constant offset is removed. A channel of steady noise that would mask speech in another one is
    left out. A channel with inverted polarity is inverted, separately for each half second.
    """
    offset = channels.mean(axis=0, dtype=np.float64) if len(channels) else np.zeros(1)
    if np.any(np.abs(offset) > _MIN_OFFSET):
        channels = np.clip(channels - offset.astype(np.float32), -1.0, 1.0)
    if channels.shape[1] == 1:
        return np.ascontiguousarray(channels[:, 0])
    columns = [np.ascontiguousarray(channels[:, i]) for i in range(channels.shape[1])]
    energies = [_energy(column) for column in columns]
    useful = _without_noise(columns)
    order = sorted(useful, key=lambda i: energies[i], reverse=True)
    total = columns[order[0]].copy()
    loudest = energies[order[0]]
    for index in order[1:]:
        if energies[index] > 0:
            total += _with_agreeing_sign(total, columns[index])
    energy = _energy(total)
    peak = float(np.abs(total).max(initial=0.0))
    gain = min(1.0, (loudest / energy) ** 0.5 if energy > loudest else 1.0, 1.0 / max(peak, 1.0))
    np.clip(total * np.float32(gain), -1.0, 1.0, out=total)
    return total


def speech_energy(samples: Samples) -> float:
    """Mean energy above the noise floor: near 0 for silence, hum and steady noise."""
    energy = _frame_energies(samples)
    if not len(energy):
        return 0.0
    floor = float(np.percentile(energy, 10))
    return float(np.maximum(energy - 4 * floor, 0.0).sum() / len(energy))


def _energy(samples: Samples) -> float:
    return float(np.dot(samples, samples))


def _frame_energies(samples: Samples) -> npt.NDArray[np.float32]:
    count = len(samples) // _FRAME
    frames = samples[: count * _FRAME].reshape(count, _FRAME)
    energies: npt.NDArray[np.float32] = np.einsum("ij,ij->i", frames, frames)
    return energies / np.float32(_FRAME)


def _without_noise(columns: list[Samples]) -> list[int]:
    """Indices of the channels to mix: without those of steady noise if there is speech."""
    levels = []
    for column in columns:
        energy = 10 * np.log10(_frame_energies(column) + 1e-10)
        levels.append(np.percentile(energy, [10, 95]) if len(energy) else np.full(2, -100.0))
    speech_levels = [high for low, high in levels if high - low >= _STEADY_DB]
    if not speech_levels:
        return list(range(len(columns)))
    max_noise_level = max(speech_levels) + _MASKING_DB
    return [
        index
        for index, (low, high) in enumerate(levels)
        if high - low >= _STEADY_DB or low < max_noise_level
    ]


def _with_agreeing_sign(total: Samples, channel: Samples) -> Samples:
    """Return `channel`, inverted in the blocks in which it would cancel `total`."""
    blocks = -(-len(total) // _BLOCK)
    starts = np.arange(blocks) * _BLOCK
    product = np.add.reduceat(total * channel, starts)
    scale = np.sqrt(
        np.add.reduceat(total * total, starts) * np.add.reduceat(channel * channel, starts)
    )
    correlation = np.divide(product, scale, out=np.zeros_like(product), where=scale > 0)
    if correlation.min() > -_OPPOSITE:
        return channel
    decisive = np.flatnonzero(np.abs(correlation) >= _OPPOSITE)
    # between two decisive blocks the sign is interpolated, so the channel fades out and in
    middle = starts[decisive] + _BLOCK / 2
    signs = np.interp(np.arange(len(total)), middle, np.sign(correlation[decisive]))
    signed: Samples = channel * signs.astype(np.float32)
    return signed
