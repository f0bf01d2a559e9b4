"""The language of each part of a recording."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from runners.transcriber.regions import clip_of, split_at_pauses
from runners.transcriber.transcript import Segment, TranscriptionRequest
from runners.transcriber.voice_activity import FRAMES_PER_SECOND, Region, Samples, VoiceActivity
from runners.transcriber.whisper import Whisper

# If the probability of a window's language is lower, it may contain several, and the language of
# each piece is detected.
_MIN_LANGUAGE_PROBABILITY: Final = 0.5
# A piece is shorter, so a high probability is more often wrong; to change the language after the
# first window takes a higher one, too.
_MIN_PIECE_LANGUAGE_PROBABILITY: Final = 0.6
MIN_CHANGE_PROBABILITY: Final = 0.8
# Shorter speech is not enough to detect its language.
_MIN_LANGUAGE_SECONDS: Final = 1.5
_LANGUAGE_PIECE_SECONDS: Final = 8.0


class LanguageDetection:
    """Detects the languages of one recording, among the candidates of the request if it has any."""

    def __init__(
        self,
        whisper: Whisper,
        samples: Samples,
        voice: VoiceActivity,
        request: TranscriptionRequest,
    ) -> None:
        self._whisper = whisper
        self._samples = samples
        self._voice = voice
        self._candidates = request.candidate_languages
        self._main_language = request.main_language
        self.probabilities: dict[str, float] = {request.language: 1.0} if request.language else {}
        """Probability of each language when it was first detected."""

    def allows(self, language: str) -> bool:
        """Whether `language` is a candidate."""
        return not self._candidates or language in self._candidates

    def main_language(self, segments: Sequence[Segment]) -> tuple[str | None, float]:
        """The language of most of the speech, and the probability of its detection."""
        seconds: dict[str | None, float] = defaultdict(float)
        for segment in segments:
            seconds[segment.language] += segment.end - segment.start
        language = max(seconds, key=lambda key: seconds[key])
        return language, self.probabilities.get(language or "", 0.0)

    def divide(self, window: Region) -> tuple[list[tuple[str, Region]], float]:
        """Divide a window where the language changes.

        Returns the parts with their languages, and the probability of the language if it is one.
        """
        language, probability = self.detect(window)
        if probability < _MIN_LANGUAGE_PROBABILITY:
            parts = self._divide_by_language(window)
            if len(parts) > 1:
                return parts, probability
            if parts:
                ((language, _),) = parts
                probability = self.probabilities[language]
        if self._main_language is not None and probability < MIN_CHANGE_PROBABILITY:
            language = self._main_language
        elif probability >= _MIN_LANGUAGE_PROBABILITY:
            self._main_language = self._main_language or language
        self.probabilities.setdefault(language, probability)
        return [(language, window)], probability

    def _divide_by_language(self, window: Region) -> list[tuple[str, Region]]:
        """Divide a window; empty if no piece has a certain language."""
        pieces = split_at_pauses(window, self._voice, _LANGUAGE_PIECE_SECONDS)
        detected = [self.certain_language(piece) for piece in pieces]
        certain = [language for language in detected if language is not None]
        if not certain:
            return []
        languages: list[str] = []
        for language in detected:
            languages.append(language or (languages[-1] if languages else certain[0]))
        runs = groupby(zip(languages, pieces, strict=True), key=lambda pair: pair[0])
        return [(language, _join([piece for _, piece in run])) for language, run in runs]

    def certain_language(self, region: Region) -> str | None:
        """The language of a piece; None if it is too short or the probability too low."""
        speech_frames = sum(end - start for start, end in region.spans)
        if speech_frames < _MIN_LANGUAGE_SECONDS * FRAMES_PER_SECOND:
            return None
        language, probability = self.detect(region)
        if probability < _MIN_PIECE_LANGUAGE_PROBABILITY:
            return None
        self.probabilities.setdefault(language, probability)
        return language

    def detect(self, region: Region) -> tuple[str, float]:
        """The most likely language of a region and its probability."""
        clip = clip_of(region, self._voice, len(self._samples))
        return self._whisper.most_likely_language(clip.cut(self._samples), self._candidates)


def _join(regions: Sequence[Region]) -> Region:
    spans = tuple(span for region in regions for span in region.spans)
    return Region(spans, (regions[0].bounds[0], regions[-1].bounds[1]))
