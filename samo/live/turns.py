"""A turn of a live session, its audio, and the requests by which it is transcribed."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from runners.transcriber.transcript import SAMPLE_RATE, Transcript, TranscriptionRequest
from samo.live.audio_input import Samples

# A word does not fit into less: a transcript made before so little speech is still the turn's.
_NO_WORD_SECONDS: Final = 0.1
# The same of what may be speech or the breath after it.
_BREATH_SECONDS: Final = 0.5
# Audio after the last frame of speech that belongs to the turn; it is the padding of uploads.
_TAIL_SECONDS: Final = 0.4


class SampleBuffer:
    """The last part of a stream of samples, by positions since the start of the stream."""

    def __init__(self) -> None:
        self._parts: list[Samples] = []
        self.start = 0
        """Position of the first sample that is kept."""
        self.end = 0

    def append(self, samples: Samples) -> None:
        """Add samples at the end."""
        if len(samples):
            self._parts.append(samples)
            self.end += len(samples)

    def cut(self, start: int, end: int) -> Samples:
        """A copy of the samples from `start` to `end`, as far as they are kept."""
        audio = np.concatenate([np.zeros(0, np.float32), *self._parts])
        self._parts = [audio]
        return audio[max(0, start - self.start) : max(0, end - self.start)].copy()

    def drop_before(self, position: int) -> None:
        """Forget the samples before `position`."""
        while self._parts and self.start < position:
            dropped = min(len(self._parts[0]), position - self.start)
            self._parts[0] = self._parts[0][dropped:]
            self.start += dropped
            if not len(self._parts[0]):
                del self._parts[0]


@dataclass(frozen=True, slots=True)
class Heard:
    """How much of a turn was heard at a moment."""

    speech_end: int = 0
    """Position of its last speech."""
    voiced: int = 0
    """Samples that are certainly speech."""


@dataclass(eq=False, slots=True)
class Turn:
    """What somebody says between two pauses. Positions are samples since the session's start."""

    item_id: str
    previous_item_id: str | None
    start: int
    speech_end: int = 0
    """The sample after the last one of speech, as far as is known."""
    voiced: int = 0
    """Samples that are certainly speech."""
    samples: Samples | None = None
    """Set when the turn has ended."""
    stable: str = ""
    """The text that was sent; it is never taken back."""
    draft: str = ""
    """The text of the last draft."""
    language: str | None = None
    """The language of the stable text."""
    read_until: int = 0
    """How far the last draft has read."""
    checked: Transcript | None = None
    """The transcript that was made at a pause; it is the turn's if nothing is said after it."""
    checked_until: Heard = Heard()
    """What of the turn was heard when that transcript was started."""

    @property
    def heard(self) -> Heard:
        """How much of the turn was heard until now."""
        return Heard(self.speech_end, self.voiced)

    def is_covered(self, heard: Heard) -> bool:
        """Whether a transcript of what was heard then has all words of the turn."""
        return (
            self.voiced - heard.voiced < _NO_WORD_SECONDS * SAMPLE_RATE
            and self.speech_end - heard.speech_end < _BREATH_SECONDS * SAMPLE_RATE
        )

    def end_of_audio(self, position: int) -> int:
        """Where the audio of the turn ends, of what was heard until `position`."""
        return min(position, self.speech_end + round(_TAIL_SECONDS * SAMPLE_RATE))


class Purpose(enum.Enum):
    """Why a part of a turn is transcribed."""

    DRAFT = enum.auto()
    """Somebody speaks: a quick draft, to find stable text."""
    PAUSE = enum.auto()
    """Nobody has spoken for a moment: a complete transcript, in case the turn ends here."""
    FINAL = enum.auto()
    """The turn has ended."""


@dataclass(frozen=True, eq=False, slots=True)
class Decode:
    """A part of a turn that is to be transcribed."""

    turn: Turn
    purpose: Purpose
    request: TranscriptionRequest
    heard: Heard
    until: int
    """Position at which the audio of the request ends."""


@dataclass(frozen=True, slots=True)
class FinishedTurn:
    """A turn with its transcript."""

    item_id: str
    start: int
    end: int
    text: str
    """The stable text and what followed it; the transcript's own text may differ."""
    transcript: Transcript
    samples: Samples = field(repr=False)
