"""Voice activity detection, and the windows of speech that Whisper transcribes.

The Silero detector returns a probability of speech for each frame of 32 ms. Speech starts where the
probability reaches one threshold and extends to where it falls below a lower one (hysteresis), so
that the quiet starts and ends of words are kept. Whispering has no pitch and gets low probabilities
throughout; if the probabilities are low overall, more audio is kept around the speech.

https://github.com/snakers4/silero-vad
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from faster_whisper.vad import get_vad_model

from runners.transcriber.transcript import SAMPLE_RATE, VoiceDetection

FRAME_SAMPLES: Final = 512
"""Samples per frame of the voice activity detector."""
FRAMES_PER_SECOND: Final = SAMPLE_RATE / FRAME_SAMPLES

WINDOW_SECONDS: Final = 30
"""Length of audio that Whisper transcribes at once."""

Samples = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
FrameRange = tuple[int, int]
"""First frame, and the frame after the last one."""

_SPEECH_PROBABILITY: Final = 0.5
# Speech continues while the probability stays above this share of the threshold.
_CONTINUATION_SHARE: Final = 0.4
# Music triggers the detector for a few hundredths of a second; the shortest "yes" takes longer.
_MIN_SPEECH_FRAMES: Final = 4
# Noise and music stay below this; a voice exceeds it unless it whispers.
_CERTAIN_PROBABILITY: Final = 0.75
_MIN_CERTAIN_FRAMES: Final = 3
# If a smaller share of the speech frames is certain, the voice may be whispering.
_MIN_CERTAIN_SHARE: Final = 0.4
_MAX_BLIP_SECONDS: Final = 0.5
_MAX_GAP_SECONDS: Final = 0.2
"""Shorter gaps between frames of speech are speech."""
_PADDING_SECONDS: Final = 0.4
_WHISPER_PADDING_SECONDS: Final = 1.5
# Longer pauses are cut out before Whisper transcribes the rest.
_MAX_KEPT_PAUSE_SECONDS: Final = 2.0
# A pause that is partly as loud as speech may contain words that were not detected.
_MAX_KEPT_LOUD_PAUSE_SECONDS: Final = 4.0
_MIN_LOUD_SHARE: Final = 0.15
_LOUD_POWER_OF_SPEECH: Final = 0.1

# Recordings whose loudest parts are quieter than this are amplified to it.
_TARGET_LEVEL: Final = 0.1
_MAX_GAIN: Final = 1000.0
# The loud and the quiet parts of steady noise and tones differ by less.
_MIN_DYNAMICS_DB: Final = 6.0
_ACTIVE_SHARE: Final = 0.3
_SILENT_POWER: Final = 1e-12


@dataclass(frozen=True, slots=True)
class VoiceActivity:
    """Result of the voice activity detector for a recording."""

    probabilities: npt.NDArray[np.float32]
    """Probability of speech per frame."""
    speech: Mask
    """Whether each frame is speech; short gaps are."""
    seconds_before: float
    """Audio to keep before speech."""
    seconds_after: float
    """Audio to keep after speech."""
    loud: Mask
    """Whether each frame is as loud as speech."""
    detection: VoiceDetection = field(default_factory=VoiceDetection)
    """The parameters of the request."""
    is_certain_elsewhere: bool = False
    """Whether the recording of which this is a part certainly contains a voice."""

    @property
    def is_certain(self) -> bool:
        """Whether the recording certainly contains a voice."""
        return self.is_certain_elsewhere or self.is_certain_in((0, len(self.probabilities)))

    def part(self, frames: FrameRange) -> VoiceActivity:
        """The result for a part of the recording."""
        inside = slice(*frames)
        return replace(
            self,
            probabilities=self.probabilities[inside],
            speech=self.speech[inside],
            loud=self.loud[inside],
            is_certain_elsewhere=self.is_certain,
        )

    def is_certain_in(self, part: FrameRange) -> bool:
        """Whether a part of the recording certainly contains a voice."""
        certain = self.probabilities[slice(*part)] >= _CERTAIN_PROBABILITY
        return int(certain.sum()) >= _MIN_CERTAIN_FRAMES

    def keeps_pause(self, first: int, last: int) -> bool:
        """Whether the pause between frames `first` and `last` is transcribed with the speech.

        Music before quiet words can make the detector miss them, so a loud pause is kept longer.
        """
        seconds = (last - first) / FRAMES_PER_SECOND
        if self.detection.pause_seconds is not None:
            return seconds < self.detection.pause_seconds
        if seconds < _MAX_KEPT_PAUSE_SECONDS:
            return True
        if seconds >= _MAX_KEPT_LOUD_PAUSE_SECONDS:
            return False
        return bool(self.loud[first:last].mean() > _MIN_LOUD_SHARE)


@dataclass(frozen=True, slots=True)
class Region:
    """Spans of speech that are transcribed together."""

    spans: tuple[FrameRange, ...]
    bounds: FrameRange
    """How far the padding may extend: the neighbouring regions begin there."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Parts of a recording that Whisper transcribes as one."""

    parts: tuple[tuple[int, int], ...]
    """Sample ranges in order, without overlap."""

    def cut(self, samples: Samples) -> Samples:
        """The parts of `samples`, joined."""
        return np.concatenate([samples[start:end] for start, end in self.parts])

    def __len__(self) -> int:
        return sum(end - start for start, end in self.parts)


def amplify(samples: Samples) -> Samples:
    """Bring a quiet recording to a usual level; a click in it does not prevent that."""
    level = float(np.quantile(np.abs(samples), 0.995)) if len(samples) else 0.0
    if not 0 < level < _TARGET_LEVEL:
        return samples
    gain = min(_TARGET_LEVEL / level, _MAX_GAIN)
    amplified: Samples = np.clip(samples * np.float32(gain), -1, 1)
    return amplified


def detect_voice(samples: Samples, detection: VoiceDetection | None = None) -> VoiceActivity:
    """Detect the speech in a recording."""
    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES + FRAME_SAMPLES))
    probabilities = np.asarray(get_vad_model()(padded), np.float32).ravel()
    frames = -(-len(samples) // FRAME_SAMPLES)
    return find_speech(probabilities[:frames], frame_power(samples), detection)


def frame_power(samples: Samples) -> npt.NDArray[np.float32]:
    """Mean square of each frame; the last one may be padded."""
    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    return np.asarray(np.square(padded).mean(axis=1), np.float32)


def find_speech(
    probabilities: npt.NDArray[np.float32],
    power: npt.NDArray[np.float32],
    detection: VoiceDetection | None = None,
) -> VoiceActivity:
    """Find the frames of speech from the probability and the power of each frame."""
    detection = detection or VoiceDetection()
    threshold = _SPEECH_PROBABILITY if detection.threshold is None else detection.threshold
    continuation = _CONTINUATION_SHARE * threshold
    possible = fill_gaps(probabilities >= continuation, _MAX_GAP_SECONDS)
    speech = np.zeros_like(possible)
    for start, end in true_runs(possible):
        above = np.flatnonzero(probabilities[start:end] >= threshold)
        if len(above) and above[-1] - above[0] + 1 >= _MIN_SPEECH_FRAMES:
            speech[start:end] = True
    for start, end in _isolated_blips(speech):
        if (probabilities[start:end] < _CERTAIN_PROBABILITY).all():
            speech[start:end] = False
    certain = int((probabilities >= _CERTAIN_PROBABILITY).sum())
    faint = certain < _MIN_CERTAIN_SHARE * (probabilities[speech] >= continuation).sum()
    padding = _WHISPER_PADDING_SECONDS if faint else _PADDING_SECONDS
    before, after = detection.seconds_before, detection.seconds_after
    usual_power = np.median(power[speech]) if speech.any() else math.inf
    return VoiceActivity(
        probabilities,
        speech,
        padding if before is None else before,
        padding if after is None else after,
        power >= _LOUD_POWER_OF_SPEECH * usual_power,
        detection,
    )


def _isolated_blips(speech: Mask) -> list[FrameRange]:
    """Short runs far from all other speech: usually music. None if there is no other speech."""
    found = true_runs(speech)
    blips = []
    for index, (start, end) in enumerate(found):
        before = start - found[index - 1][1] if index else math.inf
        after = found[index + 1][0] - end if index + 1 < len(found) else math.inf
        isolated = min(before, after) > _MAX_KEPT_PAUSE_SECONDS * FRAMES_PER_SECOND
        if len(found) > 1 and isolated and end - start < _MAX_BLIP_SECONDS * FRAMES_PER_SECOND:
            blips.append((start, end))
    return blips


def true_runs(mask: Mask) -> list[FrameRange]:
    """The runs of true frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def fill_gaps(mask: Mask, seconds: float) -> Mask:
    """Set the frames of gaps that are shorter than `seconds`."""
    filled = mask.copy()
    found = true_runs(mask)
    for (_, end), (start, _) in pairwise(found):
        if start - end < seconds * FRAMES_PER_SECOND:
            filled[end:start] = True
    return filled


def active_part(samples: Samples) -> FrameRange | None:
    """From the first to the last loud frame; None for silence and for steady sound."""
    decibels = 10 * np.log10(np.maximum(frame_power(samples), _SILENT_POWER))
    quiet, loud = np.quantile(decibels, [0.2, 0.95])
    if loud - quiet < _MIN_DYNAMICS_DB:
        return None
    active = np.flatnonzero(decibels > quiet + _ACTIVE_SHARE * (loud - quiet))
    return int(active[0]), int(active[-1]) + 1
