"""Whether what Whisper wrote down was said.

Whisper hears sentences in silence, noise and music, and repeats itself there. People repeat
themselves too: an affirmation said ten times looks like such a loop to every measure of the text
alone. What tells them apart is the alignment with the sound. Each word that was said lasts some
hundredths of a second, where the voice detector heard a voice. The words of a loop have no sound of
their own: most of them are squeezed into no time at all, or lie where nobody speaks.

https://arxiv.org/abs/2212.04356 (Whisper; section 4.5 is about its own checks)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from runners.transcriber.transcript import Word
from runners.transcriber.voice import FRAMES_PER_SECOND, Voice

MIN_LOG_PROBABILITY: Final = -1.0
MAX_COMPRESSION_RATIO: Final = 2.4
MAX_NO_SPEECH_PROBABILITY: Final = 0.6
# What Whisper calls silent must be heard this clearly to count, or lie where a voice is heard.
_MIN_LOG_PROBABILITY_IN_SILENCE: Final = -0.5
_MIN_VOICED_SHARE_IN_SILENCE: Final = 0.8

# The resolution of the alignment is 20 ms.
_SHORTEST_WORD_SECONDS: Final = 0.05
# Of 40 recordings of real repeats the lowest share of words with a time of their own is 0.81; of
# loops over noise, music and reversed speech the highest is 0.53.
_MIN_TIMED_SHARE_OF_REPEATS: Final = 0.65
_MIN_TIMED_SHARE: Final = 0.3
_MIN_VOICED_SHARE: Final = 0.3

# Without the voice detector's word for it, more is asked for.
_MIN_LOG_PROBABILITY_UNVOICED: Final = -0.6
_MIN_TIMED_SHARE_UNVOICED: Final = 0.8
_MIN_WORD_PROBABILITY_UNVOICED: Final = 0.7
_MIN_WORDS_UNVOICED: Final = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against the text of one of Whisper's windows."""

    average_log_probability: float
    compression_ratio: float
    no_speech_probability: float
    words: Sequence[Word]
    """With times in the recording."""

    @property
    def timed_share(self) -> float:
        """Share of the words that have a time of their own."""
        lengths = [word.end - word.start for word in self.words]
        return float(np.mean(np.array(lengths) >= _SHORTEST_WORD_SECONDS)) if lengths else 0.0

    def voiced_share(self, voice: Voice) -> float:
        """Share of the words that lie where a voice is heard."""
        heard = [voice.speech[slice(*frames_of(word))].any() for word in self.words]
        return float(np.mean(heard)) if heard else 0.0

    def is_sure_of(self, voice: Voice) -> bool:
        """Whether somebody surely speaks between the first and the last word."""
        first, last = frames_of(self.words[0])[0], frames_of(self.words[-1])[1]
        return voice.is_sure_in((first, last))


def frames_of(word: Word) -> tuple[int, int]:
    """The voice detector's frames that a word touches, as a range."""
    return int(word.start * FRAMES_PER_SECOND), int(word.end * FRAMES_PER_SECOND) + 1


def was_said(evidence: Evidence, voice: Voice) -> bool:
    """Whether text may pass as something that was said where a voice is heard."""
    if not evidence.words:
        return False
    timed, voiced = evidence.timed_share, evidence.voiced_share(voice)
    least = MIN_LOG_PROBABILITY
    silent = evidence.no_speech_probability > MAX_NO_SPEECH_PROBABILITY
    spoken = evidence.is_sure_of(voice) and min(voiced, timed) >= _MIN_VOICED_SHARE_IN_SILENCE
    if silent and not spoken:
        least = _MIN_LOG_PROBABILITY_IN_SILENCE
    repeats = evidence.compression_ratio > MAX_COMPRESSION_RATIO
    return (
        evidence.average_log_probability >= least
        and voiced >= _MIN_VOICED_SHARE
        and timed >= (_MIN_TIMED_SHARE_OF_REPEATS if repeats else _MIN_TIMED_SHARE)
    )


def was_said_unvoiced(evidence: Evidence) -> bool:
    """Whether text was said although the voice detector heard nobody, as in a whisper."""
    probabilities = [word.probability for word in evidence.words]
    return (
        len(probabilities) >= _MIN_WORDS_UNVOICED
        and float(np.mean(probabilities)) >= _MIN_WORD_PROBABILITY_UNVOICED
        and evidence.average_log_probability >= _MIN_LOG_PROBABILITY_UNVOICED
        and evidence.compression_ratio <= MAX_COMPRESSION_RATIO
        and evidence.timed_share >= _MIN_TIMED_SHARE_UNVOICED
    )
