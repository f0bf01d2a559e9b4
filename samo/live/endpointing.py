"""Where turns begin and end: from the probability of speech of each frame to turns.

Speech starts where the probability reaches the threshold and goes on while it stays above a share
of it, as in uploads (`runners.transcriber.voice_activity`). A turn ends after a pause. The longer
a turn is, the shorter the pause that ends it, so that a monologue is divided between words; at the
longest turn it is divided wherever it is.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Final

from runners.transcriber.transcript import SAMPLE_RATE
from runners.transcriber.voice_activity import FRAME_SAMPLES

FRAMES_PER_SECOND: Final = SAMPLE_RATE / FRAME_SAMPLES
LONG_TURN_SECONDS: Final = 15.0
"""From here on shorter and shorter pauses end a turn."""
MAX_TURN_SECONDS: Final = 25.0
"""The longest turn; with its margin it fits into one window of Whisper."""

_CONTINUATION_SHARE: Final = 0.4
# From the first to the last frame above the threshold. Clicks and music are shorter.
_MIN_SPEECH_FRAMES: Final = 4
# Hesitant speech before a turn, such as a word and a breath, belongs to it up to this gap, and as
# far back as its audio is kept.
_MAX_GAP_FRAMES: Final = 8
_MAX_LEAD_FRAMES: Final = 28
# The shortest pause that ends a long turn: the gap of a plosive is shorter.
_MIN_PAUSE_SECONDS: Final = 0.1


class Transition(enum.Enum):
    """What a frame changes."""

    STARTED = enum.auto()
    """Speech has started, at `Endpointer.speech_start`."""
    STOPPED = enum.auto()
    """The turn has ended; speech ended at `Endpointer.speech_end`."""


@dataclass(frozen=True, slots=True)
class Endpointing:
    """The numbers of `server_vad`."""

    threshold: float = 0.5
    """Probability from which a frame is speech."""
    silence_seconds: float = 0.5
    """Pause that ends a turn."""


class Endpointer:
    """Finds the turns of one stream. Positions are numbers of frames since its start."""

    def __init__(self, numbers: Endpointing) -> None:
        self._numbers = numbers
        self.position = 0
        self.in_turn = False
        self.speech_start = 0
        self.speech_end = 0
        """The frame after the last one of speech."""
        self.voiced = 0
        """Number of frames of this turn that are certainly speech: not the breath after it."""
        self._candidate: int | None = None
        self._gap = 0
        self._first_above: int | None = None

    @property
    def pause_seconds(self) -> float:
        """How long nobody has spoken in this turn."""
        return (self.position - self.speech_end) / FRAMES_PER_SECOND if self.in_turn else math.inf

    def feed(self, probability: float) -> Transition | None:
        """Take the next frame."""
        self.position += 1
        is_speech = probability >= _CONTINUATION_SHARE * self._numbers.threshold
        if self.in_turn:
            if is_speech:
                self.speech_end = self.position
            if probability >= self._numbers.threshold:
                self.voiced += 1
            return self._end_turn() if self._is_over() else None
        return self._look_for_speech(is_speech, probability >= self._numbers.threshold)

    def end_turn(self) -> None:
        """End the turn here, because the client says so; without a turn nothing changes."""
        self._end_turn()

    def _look_for_speech(self, is_speech: bool, is_above: bool) -> Transition | None:
        if not is_speech:
            self._first_above = None
            self._gap += 1
            if self._gap > _MAX_GAP_FRAMES:
                self._candidate = None
            return None
        self._gap = 0
        if self._candidate is None:
            self._candidate = self.position - 1
        if is_above and self._first_above is None:
            self._first_above = self.position - 1
        if not is_above or self.position - (self._first_above or 0) < _MIN_SPEECH_FRAMES:
            return None
        self.in_turn = True
        self.speech_start = max(self._candidate, self.position - _MAX_LEAD_FRAMES)
        self.speech_end = self.position
        self.voiced = _MIN_SPEECH_FRAMES
        return Transition.STARTED

    def _is_over(self) -> bool:
        seconds = (self.position - self.speech_start) / FRAMES_PER_SECOND
        return seconds >= MAX_TURN_SECONDS or self.pause_seconds >= self._needed_pause(seconds)

    def _needed_pause(self, turn_seconds: float) -> float:
        longest = self._numbers.silence_seconds
        share = (turn_seconds - LONG_TURN_SECONDS) / (MAX_TURN_SECONDS - LONG_TURN_SECONDS)
        shortest = min(longest, _MIN_PAUSE_SECONDS)
        return longest - (longest - shortest) * min(1.0, max(0.0, share))

    def _end_turn(self) -> Transition:
        self.in_turn = False
        self._candidate = self._first_above = None
        return Transition.STOPPED
