"""Where in a recording somebody speaks, and how it is cut into windows for Whisper.

The Silero voice detector gives a probability for every frame of 32 ms. Speech begins where the
probability rises above one threshold and reaches to where it falls below a lower one (hysteresis),
so that quiet beginnings and endings of words are kept. Whispering has no pitch and gets low
probabilities throughout; where the probabilities are low as a whole, wider margins are kept.

https://github.com/snakers4/silero-vad
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from faster_whisper.vad import get_vad_model

from runners.transcript import SAMPLE_RATE

FRAME: Final = 512
"""Samples per frame of the voice detector."""
FRAMES_PER_SECOND: Final = SAMPLE_RATE / FRAME

WINDOW_SECONDS: Final = 30
"""Whisper hears this much at once."""

Mask = npt.NDArray[np.bool_]
Frames = tuple[int, int]
"""First frame and the frame after the last one."""

_SPEECH: Final = 0.5
_PART_OF_SPEECH: Final = 0.2
# Music trips the detector for a few hundredths of a second; the shortest "yes" takes longer.
_MIN_SPEECH_FRAMES: Final = 4
# Noise and music stay below this; a voice exceeds it, unless it whispers.
_SURE: Final = 0.75
_MIN_SURE_FRAMES: Final = 3
# Where fewer of the frames of speech than this are sure, it may be a whisper.
_MIN_SURE_SHARE: Final = 0.4
_BRIDGED_SECONDS: Final = 0.2
_MARGIN_SECONDS: Final = 0.4
_WHISPER_MARGIN_SECONDS: Final = 1.5
# A longer pause is cut out before Whisper hears the rest.
_KEPT_PAUSE_SECONDS: Final = 2.0

# Recordings whose loudest parts are below this are amplified to it.
_LOUD_ENOUGH: Final = 0.1
_MAX_GAIN: Final = 1000.0
# Steady noise and tones vary less than this between their loud and their quiet parts.
_MIN_DYNAMICS_DB: Final = 6.0
_ACTIVE_SHARE: Final = 0.3
_SILENT_POWER: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Voice:
    """What the voice detector found."""

    probabilities: npt.NDArray[np.float32]
    """Probability of speech per frame."""
    speech: Mask
    """The frames that belong to speech, short gaps included."""
    margin: float
    """Seconds to keep before and after speech."""

    @property
    def is_sure(self) -> bool:
        """Whether this can hardly be anything but a voice."""
        return int((self.probabilities >= _SURE).sum()) >= _MIN_SURE_FRAMES


@dataclass(frozen=True, slots=True)
class Region:
    """Stretches of speech that belong together."""

    stretches: tuple[Frames, ...]
    within: Frames
    """How far its margins may reach: beyond this the neighbours begin."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Parts of a recording that are heard as one."""

    parts: tuple[tuple[int, int], ...]
    """Sample ranges in order, which do not overlap."""

    def cut(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The parts of `samples`, joined."""
        return np.concatenate([samples[start:end] for start, end in self.parts])

    def __len__(self) -> int:
        return sum(end - start for start, end in self.parts)


def amplify(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Bring a quiet recording to a usual level; a click in it does not hinder that."""
    level = float(np.quantile(np.abs(samples), 0.995)) if len(samples) else 0.0
    if not 0 < level < _LOUD_ENOUGH:
        return samples
    gain = min(_LOUD_ENOUGH / level, _MAX_GAIN)
    amplified: npt.NDArray[np.float32] = np.clip(samples * np.float32(gain), -1, 1)
    return amplified


def detect_voice(samples: npt.NDArray[np.float32]) -> Voice:
    """Find the speech in a recording."""
    padded = np.pad(samples, (0, -len(samples) % FRAME + FRAME))
    probabilities = np.asarray(get_vad_model()(padded), np.float32).ravel()
    return find_speech(probabilities[: -(-len(samples) // FRAME)])


def find_speech(probabilities: npt.NDArray[np.float32]) -> Voice:
    """Find the frames of speech from their probabilities."""
    possible = bridge(probabilities >= _PART_OF_SPEECH, _BRIDGED_SECONDS)
    speech = np.zeros_like(possible)
    for start, end in runs(possible):
        certain = np.flatnonzero(probabilities[start:end] >= _SPEECH)
        if len(certain) and certain[-1] - certain[0] + 1 >= _MIN_SPEECH_FRAMES:
            speech[start:end] = True
    sure = int((probabilities >= _SURE).sum())
    faint = sure < _MIN_SURE_SHARE * (probabilities[speech] >= _PART_OF_SPEECH).sum()
    return Voice(probabilities, speech, _WHISPER_MARGIN_SECONDS if faint else _MARGIN_SECONDS)


def runs(mask: Mask) -> list[Frames]:
    """The runs of true frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def bridge(mask: Mask, seconds: float) -> Mask:
    """Fill the gaps that are shorter than this."""
    bridged = mask.copy()
    found = runs(mask)
    for (_, end), (start, _) in pairwise(found):
        if start - end < seconds * FRAMES_PER_SECOND:
            bridged[end:start] = True
    return bridged


def clip_of(region: Region, margin: float, total: int) -> Clip:
    """The speech of a region with its margins, without the long pauses.

    `total` is the recording's number of samples, `margin` is in seconds.
    """
    pad = round(margin * SAMPLE_RATE)
    lowest, highest = region.within[0] * FRAME, min(region.within[1] * FRAME, total)
    parts: list[tuple[int, int]] = []
    previous = -math.inf
    for first, last in region.stretches:
        start, end = max(lowest, first * FRAME - pad), min(highest, last * FRAME + pad)
        if parts and (first - previous) / FRAMES_PER_SECOND < _KEPT_PAUSE_SECONDS:
            parts[-1] = (parts[-1][0], end)
        else:
            # The margins of neighbours may meet; no sample is heard twice.
            parts.append((max(start, parts[-1][1]) if parts else start, end))
        previous = last
    return Clip(tuple(parts))


def divide(region: Region, margin: float, seconds: float) -> list[Region]:
    """Divide a region at its pauses into regions of at most so many seconds.

    A stretch that is longer by itself is a region of its own. Half a pause belongs to each side.
    """
    divided: list[tuple[Frames, ...]] = []
    waiting = list(region.stretches)
    while waiting:
        count = 1
        while count < len(waiting) and _length(waiting[: count + 1], margin) <= seconds:
            count += 1
        if count < len(waiting):
            count = _best_cut(waiting, count)
        divided.append(tuple(waiting[:count]))
        waiting = waiting[count:]
    cuts = [(before[-1][1] + after[0][0]) // 2 for before, after in pairwise(divided)]
    edges = [region.within[0], *cuts, region.within[1]]
    return [
        Region(stretches, within)
        for stretches, within in zip(divided, pairwise(edges), strict=True)
    ]


def _length(stretches: Sequence[Frames], margin: float) -> float:
    """Seconds of the clip, margins included."""
    limit = stretches[-1][1] + math.ceil(margin * FRAMES_PER_SECOND)
    clip = clip_of(Region(tuple(stretches), (0, limit)), margin, limit * FRAME)
    return len(clip) / SAMPLE_RATE


def _best_cut(stretches: Sequence[Frames], count: int) -> int:
    """Cut at the longest pause in the last third rather than at the last one that fits."""
    begin = stretches[0][0]
    late = begin + (stretches[count - 1][1] - begin) * 2 / 3
    choices = [n for n in range(1, count + 1) if stretches[n - 1][1] >= late]
    return max(choices, key=lambda n: (stretches[n][0] - stretches[n - 1][1], n))


def windows(voice: Voice) -> list[Region]:
    """The speech of a recording in windows that Whisper hears at once, cut at pauses."""
    if not voice.speech.any():
        return []
    whole = Region(tuple(runs(voice.speech)), (0, len(voice.speech)))
    return divide(whole, voice.margin, WINDOW_SECONDS)


def active_part(samples: npt.NDArray[np.float32]) -> Frames | None:
    """From the first to the last loud frame; None for silence and for steady sound."""
    count = len(samples) // FRAME
    if not count:
        return None
    power = np.square(samples[: count * FRAME]).reshape(count, FRAME).mean(axis=1)
    decibels = 10 * np.log10(np.maximum(power, _SILENT_POWER))
    quiet, loud = np.quantile(decibels, [0.2, 0.95])
    if loud - quiet < _MIN_DYNAMICS_DB:
        return None
    active = np.flatnonzero(decibels > quiet + _ACTIVE_SHARE * (loud - quiet))
    return int(active[0]), int(active[-1]) + 1


def likeliest_window(voice: Voice, part: Frames) -> Frames:
    """The half minute of a part that is likeliest to hold speech."""
    first, last = part
    length = int(WINDOW_SECONDS * FRAMES_PER_SECOND)
    if last - first <= length:
        return part
    likely = np.concatenate([[0.0], np.cumsum(voice.probabilities)])
    sums = likely[first + length : last + 1] - likely[first : last + 1 - length]
    start = first + int(np.argmax(sums))
    return start, start + length
