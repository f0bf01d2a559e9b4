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

from runners.transcriber.transcript import SAMPLE_RATE

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
_BLIP_SECONDS: Final = 0.5
_BRIDGED_SECONDS: Final = 0.2
_MARGIN_SECONDS: Final = 0.4
_WHISPER_MARGIN_SECONDS: Final = 1.5
# A longer pause is cut out before Whisper hears the rest.
_KEPT_PAUSE_SECONDS: Final = 2.0
# One that is as loud as speech for a while may hold words that were not detected.
_KEPT_LOUD_PAUSE_SECONDS: Final = 4.0
_MIN_LOUD_SHARE: Final = 0.15
_LOUD_POWER_OF_SPEECH: Final = 0.1

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
    loud: Mask
    """The frames that are as loud as speech."""

    @property
    def is_sure(self) -> bool:
        """Whether this can hardly be anything but a voice."""
        return self.is_sure_in((0, len(self.probabilities)))

    def is_sure_in(self, part: Frames) -> bool:
        """As `is_sure`, for a part of the recording."""
        return int((self.probabilities[slice(*part)] >= _SURE).sum()) >= _MIN_SURE_FRAMES

    def keeps_pause(self, first: int, last: int) -> bool:
        """Whether the pause from frame `first` to `last` is heard with the speech around it.

        Music before it can make the detector deaf to quiet words in the middle of a sentence.
        """
        seconds = (last - first) / FRAMES_PER_SECOND
        if seconds < _KEPT_PAUSE_SECONDS:
            return True
        loud = seconds < _KEPT_LOUD_PAUSE_SECONDS and self.loud[first:last].mean()
        return bool(loud > _MIN_LOUD_SHARE)


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
    return find_speech(probabilities[: -(-len(samples) // FRAME)], frame_power(samples))


def frame_power(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Mean square of each frame; the last one may be padded."""
    padded = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
    return np.asarray(np.square(padded).mean(axis=1), np.float32)


def find_speech(probabilities: npt.NDArray[np.float32], power: npt.NDArray[np.float32]) -> Voice:
    """Find the frames of speech from their probabilities; `power` is that of each frame."""
    possible = bridge(probabilities >= _PART_OF_SPEECH, _BRIDGED_SECONDS)
    speech = np.zeros_like(possible)
    for start, end in runs(possible):
        certain = np.flatnonzero(probabilities[start:end] >= _SPEECH)
        if len(certain) and certain[-1] - certain[0] + 1 >= _MIN_SPEECH_FRAMES:
            speech[start:end] = True
    for start, end in _isolated_blips(speech):
        if (probabilities[start:end] < _SURE).all():
            speech[start:end] = False
    sure = int((probabilities >= _SURE).sum())
    faint = sure < _MIN_SURE_SHARE * (probabilities[speech] >= _PART_OF_SPEECH).sum()
    usual = np.median(power[speech]) if speech.any() else math.inf
    return Voice(
        probabilities,
        speech,
        _WHISPER_MARGIN_SECONDS if faint else _MARGIN_SECONDS,
        power >= _LOUD_POWER_OF_SPEECH * usual,
    )


def _isolated_blips(speech: Mask) -> list[Frames]:
    """Short runs far from all other speech, where there is other speech: usually music."""
    found = runs(speech)
    blips = []
    for index, (start, end) in enumerate(found):
        before = start - found[index - 1][1] if index else math.inf
        after = found[index + 1][0] - end if index + 1 < len(found) else math.inf
        alone = min(before, after) > _KEPT_PAUSE_SECONDS * FRAMES_PER_SECOND
        if len(found) > 1 and alone and end - start < _BLIP_SECONDS * FRAMES_PER_SECOND:
            blips.append((start, end))
    return blips


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


def clip_of(region: Region, voice: Voice, total: int) -> Clip:
    """The speech of a region with its margins, without the long pauses.

    `total` is the recording's number of samples.
    """
    pad = round(voice.margin * SAMPLE_RATE)
    lowest, highest = region.within[0] * FRAME, min(region.within[1] * FRAME, total)
    parts: list[tuple[int, int]] = []
    previous = 0
    for first, last in region.stretches:
        start, end = max(lowest, first * FRAME - pad), min(highest, last * FRAME + pad)
        if parts and voice.keeps_pause(previous, first):
            parts[-1] = (parts[-1][0], end)
        else:
            # The margins of neighbours may meet; no sample is heard twice.
            parts.append((max(start, parts[-1][1]) if parts else start, end))
        previous = last
    return Clip(tuple(parts))


def divide(region: Region, voice: Voice, seconds: float) -> list[Region]:
    """Divide a region at its pauses into regions of at most so many seconds.

    A stretch that is longer by itself is a region of its own. Half a pause belongs to each side.
    """
    divided: list[tuple[Frames, ...]] = []
    waiting = list(region.stretches)
    while waiting:
        count = 1
        while count < len(waiting) and _length(waiting[: count + 1], voice) <= seconds:
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


def _length(stretches: Sequence[Frames], voice: Voice) -> float:
    """Seconds of the clip, margins included."""
    whole = (0, len(voice.speech))
    clip = clip_of(Region(tuple(stretches), whole), voice, whole[1] * FRAME)
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
    return divide(whole, voice, WINDOW_SECONDS)


def active_part(samples: npt.NDArray[np.float32]) -> Frames | None:
    """From the first to the last loud frame; None for silence and for steady sound."""
    decibels = 10 * np.log10(np.maximum(frame_power(samples), _SILENT_POWER))
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
