"""Voice activity detection on audio that arrives bit by bit."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from faster_whisper.vad import get_vad_model

from runners.transcriber.voice_activity import (
    FRAME_SAMPLES,
    Mask,
    Samples,
    frame_power,
    true_runs,
)

# Silero reads each frame with the end of the one before.
_CONTEXT_SAMPLES: Final = 64
_STATE_SHAPE: Final = (1, 1, 128)
# Frames below -66 dB are silent: a muted microphone, or a call on hold. A quiet room is louder.
_SILENT_POWER: Final = 10**-6.6
# After so many silent frames the detector starts afresh, and until then it goes on reading.
_RESET_FRAMES: Final = 8


class VoiceStream:
    """Silero's detector on one stream; it keeps its state between calls.

    A frame takes 0.1 ms. Silence is not given to the detector and takes nothing.
    """

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0, np.float32)
        self._silent_frames = _RESET_FRAMES
        self._reset()

    def feed(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Probability of speech of each frame of `FRAME_SAMPLES` that is complete now.

        Args:
            samples: the next samples, of any number; 16 kHz, within [-1, 1].
        """
        audio = np.concatenate([self._rest, samples])
        count = len(audio) // FRAME_SAMPLES
        self._rest = audio[count * FRAME_SAMPLES :]
        frames = audio[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES)
        probabilities = np.zeros(count, np.float32)
        audible = self._audible(frame_power(frames.ravel()))
        for start, end in true_runs(audible):
            if start:
                self._reset()
            probabilities[start:end] = self._detect(frames[start:end])
        if count and not audible[-1]:
            self._reset()
        return probabilities

    def _audible(self, powers: npt.NDArray[np.float32]) -> Mask:
        """Whether each frame is read: those that are not silent, and a few after them."""
        audible = np.zeros(len(powers), np.bool_)
        for index, power in enumerate(powers):
            self._silent_frames = 0 if power >= _SILENT_POWER else self._silent_frames + 1
            audible[index] = self._silent_frames < _RESET_FRAMES
        return audible

    def _reset(self) -> None:
        self._hidden = np.zeros(_STATE_SHAPE, np.float32)
        self._cell = np.zeros(_STATE_SHAPE, np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def _detect(self, frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        ends = np.concatenate([self._context[None], frames[:, -_CONTEXT_SAMPLES:]])
        output, self._hidden, self._cell = get_vad_model().session.run(
            None,
            {
                "input": np.concatenate([ends[:-1], frames], axis=1),
                "h": self._hidden,
                "c": self._cell,
            },
        )
        self._context = ends[-1]
        return np.asarray(output, np.float32).ravel()
