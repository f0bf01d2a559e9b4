"""Whether Whisper's text for a window was spoken, or is a hallucination.

Whisper produces sentences for silence, noise and music, and repeats them there. People repeat
themselves too: by every statistic of the text, an affirmation said ten times looks like such a
loop. The alignment of words and sound distinguishes the two. Spoken words last some hundredths of
a second each, where the voice activity detector finds a voice. The words of a loop have no sound of
their own: most are aligned to no time at all, or to frames without a voice.

https://arxiv.org/abs/2212.04356 (Whisper; section 4.5 describes its own checks)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from runners.transcriber.transcript import SpokenWord
from runners.transcriber.voice_activity import FRAMES_PER_SECOND, VoiceActivity

MIN_LOG_PROBABILITY: Final = -1.0
MAX_COMPRESSION_RATIO: Final = 2.4
MAX_NO_SPEECH_PROBABILITY: Final = 0.6
_MIN_REPEATED_WORDS: Final = 3
# A window that Whisper takes for silence must have a higher log probability, or a certain voice.
_MIN_LOG_PROBABILITY_IN_SILENCE: Final = -0.5
_MIN_VOICED_SHARE_IN_SILENCE: Final = 0.8
# So must a window that Whisper may take for silence, without a certain voice. Noise is just below
# the thresholds above on some CPUs and just above them on others, because int8 rounds differently.
_DOUBTFUL_NO_SPEECH_PROBABILITY: Final = 0.4
_MIN_LOG_PROBABILITY_IN_DOUBT: Final = -0.8

# The resolution of the alignment is 20 ms.
_MIN_WORD_SECONDS: Final = 0.05
# Share of the words that last at least `_MIN_WORD_SECONDS`: 0.81 or more in 40 recordings of real
# repetition, 0.53 or less in loops over noise, music and reversed speech.
_MIN_TIMED_SHARE_OF_REPEATS: Final = 0.65
_MIN_TIMED_SHARE: Final = 0.3
_MIN_VOICED_SHARE: Final = 0.3

# Stricter thresholds if the voice activity detector found no speech.
_MIN_LOG_PROBABILITY_UNVOICED: Final = -0.6
_MIN_TIMED_SHARE_UNVOICED: Final = 0.8
_MIN_WORD_PROBABILITY_UNVOICED: Final = 0.7
_MIN_WORDS_UNVOICED: Final = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """Statistics of a window's text, by which it is judged."""

    average_log_probability: float
    compression_ratio: float
    no_speech_probability: float
    words: Sequence[SpokenWord]
    """With times in the recording."""

    @property
    def timed_share(self) -> float:
        """Share of the words that last long enough to have been spoken."""
        lengths = [word.end - word.start for word in self.words]
        return float(np.mean(np.array(lengths) >= _MIN_WORD_SECONDS)) if lengths else 0.0

    def voiced_share(self, voice: VoiceActivity) -> float:
        """Share of the words during which there is a voice."""
        voiced = [voice.speech[slice(*frame_range(word))].any() for word in self.words]
        return float(np.mean(voiced)) if voiced else 0.0

    def has_certain_voice(self, voice: VoiceActivity) -> bool:
        """Whether there is certainly a voice between the first and the last word."""
        first, last = frame_range(self.words[0])[0], frame_range(self.words[-1])[1]
        return voice.is_certain_in((first, last))


def frame_range(word: SpokenWord) -> tuple[int, int]:
    """First frame of the voice activity detector that a word touches, and the frame after."""
    return int(word.start * FRAMES_PER_SECOND), int(word.end * FRAMES_PER_SECOND) + 1


def is_plausible(evidence: Evidence, voice: VoiceActivity) -> bool:
    """Whether a window's text was spoken, where the voice activity detector found speech."""
    if not evidence.words:
        return False
    timed, voiced = evidence.timed_share, evidence.voiced_share(voice)
    silent = evidence.no_speech_probability > MAX_NO_SPEECH_PROBABILITY
    certain = evidence.has_certain_voice(voice)
    min_log_probability = MIN_LOG_PROBABILITY
    if silent and not (certain and min(voiced, timed) >= _MIN_VOICED_SHARE_IN_SILENCE):
        min_log_probability = _MIN_LOG_PROBABILITY_IN_SILENCE
    elif not certain and evidence.no_speech_probability > _DOUBTFUL_NO_SPEECH_PROBABILITY:
        min_log_probability = _MIN_LOG_PROBABILITY_IN_DOUBT
    repeats = evidence.compression_ratio > MAX_COMPRESSION_RATIO
    return (
        evidence.average_log_probability >= min_log_probability
        and voiced >= _MIN_VOICED_SHARE
        and timed >= (_MIN_TIMED_SHARE_OF_REPEATS if repeats else _MIN_TIMED_SHARE)
    )


def is_prompt_echo(evidence: Evidence, prompt: str) -> bool:
    """Whether a window that Whisper takes for silence only repeats a part of its prompt."""
    if evidence.no_speech_probability <= MAX_NO_SPEECH_PROBABILITY:
        return False
    text = _plain_words("".join(word.text for word in evidence.words))
    return f" {text} " in f" {_plain_words(prompt)} "


def _plain_words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def is_plausible_unvoiced(evidence: Evidence) -> bool:
    """Whether a window's text was spoken although no speech was detected, as in whispering."""
    probabilities = [word.probability for word in evidence.words]
    return (
        len(probabilities) >= _MIN_WORDS_UNVOICED
        and float(np.mean(probabilities)) >= _MIN_WORD_PROBABILITY_UNVOICED
        and evidence.average_log_probability >= _MIN_LOG_PROBABILITY_UNVOICED
        and evidence.compression_ratio <= MAX_COMPRESSION_RATIO
        and evidence.timed_share >= _MIN_TIMED_SHARE_UNVOICED
    )


def repeats_itself(text: str) -> bool:
    """Whether three or more words occur twice in a row.

    In a short context Whisper repeats the end of what was said. People do, too, so this is a reason
    to look again and not to drop the text.
    """
    words = re.findall(r"\w+", text.casefold())
    return any(
        words[start : start + length] == words[start + length : start + 2 * length]
        for length in range(_MIN_REPEATED_WORDS, len(words) // 2 + 1)
        for start in range(len(words) - 2 * length + 1)
    )
