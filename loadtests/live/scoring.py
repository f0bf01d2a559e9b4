"""How well turns fit to the phrases that were spoken: their words, and when their text came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import jiwer
import numpy as np
from whisper_normalizer.english import EnglishTextNormalizer

from loadtests.live.streams import Phrase, Stream
from runners.transcriber.voice_activity import FRAMES_PER_SECOND


class Turn(Protocol):
    """A turn as the client sees it; times in seconds of the stream's audio."""

    @property
    def start(self) -> float:
        """Where it begins, padding included."""

    @property
    def end(self) -> float:
        """When the service noticed its end."""

    @property
    def transcript(self) -> str:
        """Its final text."""


def text_of(phrase: Phrase, turns: Iterable[Turn]) -> str:
    """The text of the turns in the middle of whose audio the phrase was spoken."""
    return " ".join(
        turn.transcript
        for turn in sorted(turns, key=lambda turn: turn.start)
        if phrase.start <= (turn.start + max(turn.start, turn.end - 0.5)) / 2 < phrase.end + 0.5
    )


def word_error_rate(references: Sequence[str], texts: Sequence[str]) -> float:
    """Errors divided by reference words, normalized as for Whisper's published figures."""
    normalize = EnglishTextNormalizer()
    return float(
        jiwer.wer([normalize(one) for one in references], [normalize(one) for one in texts])
    )


def speech_end_before(stream: Stream, seconds: float) -> float:
    """When the last speech before a moment ended, as the detector of uploads hears it.

    Turn detection is not asked, because a rule that ends turns late would hide its delay.
    """
    heard = np.flatnonzero(stream.speech[: int(seconds * FRAMES_PER_SECOND)])
    return (int(heard[-1]) + 1) / FRAMES_PER_SECOND if len(heard) else seconds
