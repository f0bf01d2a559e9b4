"""How one recording is heard: window after window, each in its language, and once more if need be.

The retries are bounded: what no word was kept for is heard once more, in pieces, and that is all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import Final

import numpy as np

from runners.transcriber.plausibility import (
    MIN_LOG_PROBABILITY,
    frames_of,
    was_said,
    was_said_unvoiced,
)
from runners.transcriber.transcript import SAMPLE_RATE, Segment, Task
from runners.transcriber.voice import (
    FRAME,
    FRAMES_PER_SECOND,
    WINDOW_SECONDS,
    Clip,
    Frames,
    Region,
    Voice,
    active_part,
    bridge,
    clip_of,
    divide,
    likeliest_window,
    runs,
    windows,
)
from runners.transcriber.whisper import Samples, Whisper

FALLBACK_LANGUAGE: Final = "en"
"""The language tried where nothing is heard for certain in the one that was detected."""

# Below this the recording may hold several languages, and each piece is asked for its own.
_SURE_OF_LANGUAGE: Final = 0.5
# A piece is shorter and surer by luck; a later window must be surer to change the language.
_SURE_OF_PIECE: Final = 0.6
_SURE_OF_CHANGE: Final = 0.8
_CLEAR_CONFIDENCE: Final = 0.6
# Shorter speech says too little about its language.
_MIN_LANGUAGE_SECONDS: Final = 1.5

_PIECE_SECONDS: Final = 10.0
_LANGUAGE_PIECE_SECONDS: Final = 8.0
# Alignment is this exact; less speech between words than this was written down with them.
_WORD_MARGIN_SECONDS: Final = 0.3
_MIN_UNHEARD_SECONDS: Final = 1.0
_MIN_PIECE_SECONDS: Final = 0.25
# In the language of the rest, foreign words make sense by luck.
_MIN_LOG_PROBABILITY_OF_UNSURE: Final = -0.8

# Speech has three to five tokens per second.
_MIN_TOKENS: Final = 20
_TOKENS_PER_SECOND: Final = 6
# The first look at what may be a whisper need not write all of it down.
_FIRST_LOOK_TOKENS: Final = 100


class Listening:
    """Hears one recording."""

    def __init__(
        self, whisper: Whisper, samples: Samples, voice: Voice, language: str | None, task: Task
    ) -> None:
        self._whisper = whisper
        self._samples = samples
        self._voice = voice
        self._given = language
        self._first: str | None = None
        self._task: Task = task
        self._probabilities: dict[str, float] = {language: 1.0} if language else {}

    def segments(self) -> list[Segment]:
        """What was said, in order."""
        whispered = [] if self._voice.is_sure else self._whispered()
        if whispered:
            return whispered
        found: list[Segment] = []
        for window in windows(self._voice):
            found += self._window(window)
        return sorted(found, key=lambda segment: segment.start)

    def main_language(self, segments: Sequence[Segment]) -> tuple[str | None, float]:
        """The language that is spoken longest, and how sure its detection was."""
        seconds: dict[str | None, float] = defaultdict(float)
        for segment in segments:
            seconds[segment.language] += segment.end - segment.start
        language = max(seconds, key=lambda key: seconds[key])
        return language, self._probabilities.get(language or "", 0.0)

    def _window(self, window: Region) -> list[Segment]:
        """Hear speech of up to 30 seconds, in one language or in several."""
        if self._given is not None:
            return self._hear(window, self._given)
        language, probability = self._language_of(window)
        if probability < _SURE_OF_LANGUAGE:
            several = self._by_language(window)
            if len(several) > 1:
                return [s for spoken, part in several for s in self._hear(part, spoken)]
            if several:
                language, probability = several[0][0], self._probabilities[several[0][0]]
        if self._first is not None and probability < _SURE_OF_CHANGE:
            language = self._first
        elif probability >= _SURE_OF_LANGUAGE:
            self._first = self._first or language
        self._probabilities.setdefault(language, probability)
        found = self._hear(window, language)
        guessed = probability < _SURE_OF_CHANGE and confidence(found) < _CLEAR_CONFIDENCE
        unsure = guessed or not found
        if language != FALLBACK_LANGUAGE and self._voice.is_sure and unsure:
            # Mumbled English was taken for Latin, and makes sense as Latin by luck at most.
            english = self._hear(window, FALLBACK_LANGUAGE)
            if confidence(english) > confidence(found):
                self._probabilities.setdefault(FALLBACK_LANGUAGE, 0.0)
                return english
        return found

    def _by_language(self, window: Region) -> list[tuple[str, Region]]:
        """Divide a window where the language changes; empty where no piece is sure of its own."""
        pieces = divide(window, self._voice, _LANGUAGE_PIECE_SECONDS)
        spoken: list[str | None] = [self._sure_language_of(piece) for piece in pieces]
        known = [language for language in spoken if language is not None]
        if not known:
            return []
        languages: list[str] = []
        for language in spoken:
            languages.append(language or (languages[-1] if languages else known[0]))
        together = groupby(zip(languages, pieces, strict=True), key=lambda pair: pair[0])
        return [(language, _join([piece for _, piece in run])) for language, run in together]

    def _sure_language_of(self, region: Region) -> str | None:
        """The language of a piece, where it says enough about it."""
        frames_of_speech = sum(end - start for start, end in region.stretches)
        if frames_of_speech < _MIN_LANGUAGE_SECONDS * FRAMES_PER_SECOND:
            return None
        language, probability = self._language_of(region)
        if probability < _SURE_OF_PIECE:
            return None
        self._probabilities.setdefault(language, probability)
        return language

    def _language_of(self, region: Region) -> tuple[str, float]:
        return self._whisper.language_of(self._clip(region).cut(self._samples))

    def _clip(self, region: Region) -> Clip:
        return clip_of(region, self._voice, len(self._samples))

    def _hear(self, window: Region, language: str) -> list[Segment]:
        """Write down a window, and once more in pieces what was left out.

        Where it is not even sure that somebody speaks, asking again would invent something.
        """
        found = self._said(window, language)
        missing = self._unheard(window, found) if found else [window]
        if not self._voice.is_sure:
            missing = []
        for piece in (p for m in missing for p in divide(m, self._voice, _PIECE_SECONDS)):
            if piece.stretches == window.stretches:
                continue  # the same sound would give the same text
            if self._given is not None:
                found += self._said(piece, language)
            else:
                own = self._sure_language_of(piece)
                alike = own or self._language_of(piece)[0] == language
                least = MIN_LOG_PROBABILITY if alike else _MIN_LOG_PROBABILITY_OF_UNSURE
                found += self._said(piece, own or language, least)
        return found

    def _said(
        self,
        region: Region,
        language: str,
        least: float = MIN_LOG_PROBABILITY,
    ) -> list[Segment]:
        """Write down a region and keep what was said."""
        clip = self._clip(region)
        most = None if self._voice.is_sure else _most_tokens(clip)
        heard = self._whisper.write_down(self._samples, clip, language, self._task, max_tokens=most)
        return [
            segment
            for window in heard
            if was_said(window.evidence, self._voice)
            and window.evidence.average_log_probability >= least
            for segment in window.segments
        ]

    def _unheard(self, region: Region, found: Sequence[Segment]) -> list[Region]:
        """The speech of a region that no word was kept for; only what is surely speech."""
        written = np.zeros_like(self._voice.speech)
        for word in (word for segment in found for word in segment.words or ()):
            written[slice(*frames_of(word))] = True
        speech = np.zeros_like(written)
        for first, last in region.stretches:
            speech[first:last] = True
        missing = []
        # Between two words that were written down lies at most one region.
        for start, end in runs(~bridge(written, 2 * _WORD_MARGIN_SECONDS)):
            stretches = tuple(
                (start + first, start + last)
                for first, last in runs(speech[start:end])
                if last - first >= _MIN_PIECE_SECONDS * FRAMES_PER_SECOND
            )
            frames = sum(last - first for first, last in stretches)
            enough = frames >= _MIN_UNHEARD_SECONDS * FRAMES_PER_SECOND
            if enough and self._voice.is_sure_in((stretches[0][0], stretches[-1][1])):
                within = (max(start, region.within[0]), min(end, region.within[1]))
                missing.append(Region(stretches, within))
        return missing

    def unclear(self, segments: Sequence[Segment]) -> list[tuple[float, float]]:
        """Seconds between which somebody surely speaks, but no word was kept."""
        whole = (0, len(self._voice.speech))
        everything = Region(tuple(runs(self._voice.speech)), whole)
        return [
            (
                missing.stretches[0][0] * FRAME / SAMPLE_RATE,
                missing.stretches[-1][1] * FRAME / SAMPLE_RATE,
            )
            for missing in self._unheard(everything, segments)
        ]

    def _whispered(self) -> list[Segment]:
        """What was said where the voice detector hears nobody; a whisper has no pitch.

        One half minute decides whether the rest is heard: noise and music cost no more.
        """
        part = active_part(self._samples)
        if part is None:
            return []
        first_look = _whole(likeliest_window(self._voice, part))
        language, probability = self._given, 1.0
        if language is None:
            language, probability = self._language_of(first_look)
        if not self._said_unvoiced(first_look, language, _FIRST_LOOK_TOKENS):
            return []
        self._probabilities.setdefault(language, probability)
        return self._said_unvoiced(_whole(part), language, None)

    def _said_unvoiced(
        self, region: Region, language: str, max_tokens: int | None
    ) -> list[Segment]:
        heard = self._whisper.write_down(
            self._samples, self._clip(region), language, self._task, max_tokens=max_tokens
        )
        return [
            segment
            for window in heard
            if was_said_unvoiced(window.evidence)
            for segment in window.segments
        ]


def _whole(part: Frames) -> Region:
    return Region((part,), part)


def _most_tokens(clip: Clip) -> int:
    """More than anybody says in the time; a loop would go on for much longer."""
    seconds = min(len(clip) / SAMPLE_RATE, WINDOW_SECONDS)
    return int(_MIN_TOKENS + _TOKENS_PER_SECOND * seconds)


def _join(regions: Sequence[Region]) -> Region:
    stretches = tuple(stretch for region in regions for stretch in region.stretches)
    return Region(stretches, (regions[0].within[0], regions[-1].within[1]))


def confidence(segments: Sequence[Segment]) -> float:
    """Mean probability of the tokens, segments weighted by their length; 0 for none."""
    if not segments:
        return 0.0
    lengths = np.array([segment.end - segment.start for segment in segments])
    probabilities = np.exp([segment.average_log_probability for segment in segments])
    if not lengths.sum() > 0:
        return float(probabilities.mean())
    return float(np.average(probabilities, weights=lengths))
